import { expect, test } from "vitest";
import { DamagedFile, decryptFile, encryptFile } from "../src/matrix/attachments";

const text = (bytes: ArrayBuffer): string => new TextDecoder().decode(bytes);
const bytes = (value: string): ArrayBuffer => new TextEncoder().encode(value).buffer as ArrayBuffer;

test("a sealed file opens again, and shows nothing of itself while sealed", async () => {
  const { data, file } = await encryptFile(bytes("compte rendu confidentiel"));
  expect(text(data)).not.toContain("confidentiel");
  expect(text(await decryptFile(data, file))).toBe("compte rendu confidentiel");
});

test("a file changed on its way is refused", async () => {
  const { data, file } = await encryptFile(bytes("compte rendu"));
  new Uint8Array(data)[0]! ^= 1;
  await expect(decryptFile(data, file)).rejects.toBeInstanceOf(DamagedFile);
});

test("each file has its own key and counter, in the form the specification asks for", async () => {
  const [one, two] = await Promise.all([encryptFile(bytes("a")), encryptFile(bytes("a"))]);
  expect(one.file.key.k).not.toBe(two.file.key.k);
  expect(one.file.iv).not.toBe(two.file.iv);
  expect(one.file.v).toBe("v2");
  expect(one.file.key).toMatchObject({ kty: "oct", alg: "A256CTR", ext: true });
});
