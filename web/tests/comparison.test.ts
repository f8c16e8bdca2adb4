import { describe, expect, test } from "vitest";
import { type Asked, askUntilAnswered, type Comparison, type ComparisonStep, type Request } from "../src/matrix/verification";
import { ComparisonModel } from "../src/view-models/comparison";

const SYMBOLS = { step: "compare", emojis: [["🐶", "chien"]] } as const;

/** One request on its way to another device, as the protocol would tell of it. */
class Wire implements Request {
  answered = false;
  cancelled = 0;
  accepted = 0;
  stopped = false;
  tell: (step: ComparisonStep) => void = () => undefined;

  readonly isUnanswered = (): boolean => !this.answered;
  readonly cancel = (): Promise<void> => {
    this.cancelled += 1;
    if (!this.stopped) this.tell({ step: "cancelled" });
    return Promise.resolve();
  };
  readonly open = (tell: (step: ComparisonStep) => void): Comparison => {
    this.tell = tell;
    tell({ step: "asked", byMe: true });
    return {
      accept: () => Promise.resolve(void (this.accepted += 1)),
      same: () => Promise.resolve(),
      different: () => undefined,
      cancel: this.cancel,
      stop: () => void (this.stopped = true),
    };
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

describe("asking another device", () => {
  async function ask(waits: readonly number[]) {
    const wires: Wire[] = [];
    const steps: string[] = [];
    const make = (): Promise<Request> => {
      wires.push(new Wire());
      return Promise.resolve(wires.at(-1)!);
    };
    const comparison = await askUntilAnswered(make, ({ step }) => steps.push(step), waits);
    return { wires, steps, comparison };
  }

  test("a request that nobody answers is made again, one at a time, and no end is shown", async () => {
    const { wires, steps } = await ask([20, 20]);
    await pause(150);
    expect(wires.map(({ cancelled }) => cancelled)).toEqual([1, 1, 0]);
    expect(steps).toEqual(["asked", "asked", "asked"]);
  });

  test("one that was answered is left alone", async () => {
    const { wires } = await ask([30]);
    wires[0]!.answered = true;
    await pause(80);
    expect([wires.length, wires[0]!.cancelled]).toEqual([1, 0]);
  });

  test("closing the window ends the asking", async () => {
    const { wires, comparison } = await ask([30]);
    comparison.stop();
    await comparison.cancel();
    await pause(80);
    expect([wires.length, wires[0]!.cancelled]).toEqual([1, 1]);
  });
});

describe("being asked again", () => {
  const exits = { onDone: () => undefined, onClosed: () => undefined };
  const asked = (wire: Wire, deviceId = "NOUVEL"): Asked => ({ deviceId, open: wire.open });

  test("what the person accepted stays accepted, though the first request ended meanwhile", async () => {
    const [first, second] = [new Wire(), new Wire()];
    const model = ComparisonModel.answer(asked(first), exits);
    model.accept();
    await first.cancel();
    expect(model.renew(asked(second))).toBe(true);
    expect([first.accepted, second.accepted, model.state.get().step]).toEqual([1, 1, "asked"]);
  });

  test("nothing is accepted for the person, and another device is another matter", () => {
    const model = ComparisonModel.answer(asked(new Wire()), exits);
    const [again, other] = [new Wire(), new Wire()];
    expect([model.renew(asked(other, "AUTRE")), model.renew(asked(again))]).toEqual([false, true]);
    expect(again.accepted).toBe(0);
  });

  test("once symbols were shown a new request begins a new comparison", () => {
    const wire = new Wire();
    const model = ComparisonModel.answer(asked(wire), exits);
    model.accept();
    wire.tell(SYMBOLS);
    expect([model.renew(asked(new Wire())), model.state.get().step]).toEqual([false, "compare"]);
  });
});
