import { describeInformer } from "../contracts/informer.contract.ts";
import { StowageServer } from "../lab/stowage.ts";
import { ApiInProcess } from "./api-in-process.ts";

describeInformer("the API in process", () => ApiInProcess.open());

describeInformer("the wire", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await StowageServer.start({ args: ["--controllers", "none"] }));
  const client = stack.use(await server.client());
  const all = stack.move();
  return { client, [Symbol.asyncDispose]: () => all.disposeAsync() };
});
