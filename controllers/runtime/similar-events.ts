/**
 * When Events that differ in their message only become one. Pure. Source: EventAggregator in
 * k8s.io/client-go/tools/record/events_cache.go.
 */

/** What was said about one object, with one type and one reason, not long ago. */
export interface Similar {
  /** Different messages; one fewer than {@link mostMessages} once they are combined. */
  readonly messages: ReadonlySet<string>;
  readonly last: Date;
  /** Whether what was said last is to be combined with the rest. */
  readonly combined: boolean;
}

/** defaultAggregateMaxEvents */
const mostMessages = 10;
/** defaultAggregateIntervalInSeconds */
const intervalMs = 10 * 60_000;
/** EventAggregatorByReasonMessageFunc */
export const combinedPrefix = "(combined from similar events): ";

export function withMessage(known: Similar | undefined, message: string, now: Date): Similar {
  const recent = known !== undefined && now.getTime() - known.last.getTime() <= intervalMs;
  const messages = new Set(recent ? known.messages : []);
  messages.add(message);
  const combined = messages.size >= mostMessages;
  if (combined) for (const oldest of messages) if (messages.delete(oldest)) break;
  return { messages, last: now, combined };
}
