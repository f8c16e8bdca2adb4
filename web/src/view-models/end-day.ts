/** The day a guest's access ends, as a field of type "date" takes it: "2027-05-31", in the person's own time zone. */

/** In days: how long it lasts by itself, and the longest it may. */
export interface GuestDays {
  readonly usual: number;
  readonly longest: number;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** The day that comes so many days after a moment. */
export function dayAfter(now: number, days: number): string {
  const date = new Date(now);
  date.setDate(date.getDate() + days);
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
}

/** What may be chosen. The last day is a whole one: its evening must not pass the longest time. */
export function dayBounds(now: number, { usual, longest }: GuestDays): { first: string; usual: string; last: string } {
  const last = Math.max(1, longest - 1);
  return { first: dayAfter(now, 1), usual: dayAfter(now, Math.min(usual, last)), last: dayAfter(now, last) };
}

/** The evening of the day (milliseconds); null for what names no day. */
export function eveningOf(day: string): number | null {
  const [year = 0, month = 0, date = 0] = day.split("-").map(Number);
  const evening = new Date(year, month - 1, date, 23, 59, 59).getTime();
  return /^\d{4}-\d\d-\d\d$/u.test(day) && dayAfter(evening, 0) === day ? evening : null;
}
