import { expect, test } from "vitest";
import { FakeClock } from "../../test/fakes/clock.ts";
import { WaitingError } from "./actuator.ts";
import type { Upload } from "./image-uploads.ts";
import { ImageUploads } from "./image-uploads.ts";

const never = new AbortController().signal;

const endless: Upload = (told, signal) =>
  new Promise((_resolve, reject) => {
    told(1, 10);
    signal.addEventListener("abort", () => {
      reject(new Error("aborted"));
    });
  });

test("what is sent at once is not heard of again", async () => {
  const uploads = new ImageUploads(new FakeClock());
  await uploads.start("i1", () => Promise.resolve(), never);
  expect(uploads.of("i1")).toBeUndefined();
});

test("what takes long goes on by itself, and tells how far it is", async () => {
  const clock = new FakeClock();
  const uploads = new ImageUploads(clock);
  const started = uploads.start("i1", endless, never);
  await clock.pass(2000);
  await started;
  expect(uploads.of("i1")).toEqual({ kind: "running", sent: 1, length: 10 });
});

test("what fails says why, until it is forgotten", async () => {
  const clock = new FakeClock();
  const uploads = new ImageUploads(clock);
  const error = new Error("no space");
  await uploads.start("i1", () => Promise.reject(error), never);
  expect(uploads.of("i1")).toEqual({ kind: "failed", error, at: clock.now() });
  uploads.forget("i1");
  expect(uploads.of("i1")).toBeUndefined();
});

test("forget() ends what is under way, and its end is no failure of what follows", async () => {
  const clock = new FakeClock();
  const uploads = new ImageUploads(clock);
  const first = uploads.start("i1", endless, never);
  uploads.forget("i1");
  const second = uploads.start("i1", endless, never);
  await clock.pass(2000);
  await Promise.all([first, second]);
  expect(uploads.of("i1")).toMatchObject({ kind: "running" });
});

test("the end of the server is no failure", async () => {
  const stop = new AbortController();
  const uploads = new ImageUploads(new FakeClock());
  const started = uploads.start("i1", endless, stop.signal);
  stop.abort();
  await started;
  expect(uploads.of("i1")).toBeUndefined();
});

test("no more than four are under way", async () => {
  const uploads = new ImageUploads(new FakeClock());
  for (const id of ["i1", "i2", "i3", "i4"]) void uploads.start(id, endless, never);
  await expect(uploads.start("i5", endless, never)).rejects.toThrow(WaitingError);
  uploads.forget("i1");
  await uploads.start("i5", () => Promise.resolve(), never);
});
