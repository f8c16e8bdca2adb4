/** The plain values views draw. */
export type * from "../matrix/types";
export type { NewRoom } from "../matrix/room-kinds";
export type { Policy, PasswordPolicy } from "../matrix/accounts";
export type { IdentityProvider } from "../matrix/identity-providers";
export type { Found } from "../matrix/search";
export type { RecoveryCode } from "../matrix/encryption";
export type { ComparisonStep } from "../matrix/verification";
