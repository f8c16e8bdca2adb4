/** Sign-up, sign-in and forgotten password: one e-mail field, then the steps it leads to. */
import type { Phrase } from "../i18n/keys";
import * as accounts from "../matrix/accounts";
import type { Credentials, EmailProof, PasswordPolicy, Policy } from "../matrix/accounts";
import * as providers from "../matrix/identity-providers";
import type { IdentityProvider } from "../matrix/identity-providers";
import { EmailNotProven } from "../matrix/user-interactive";
import { Unreachable } from "../matrix/http";
import { newSecret } from "../matrix/random";
import { serverOf } from "../matrix/names";
import { act } from "./acting";
import { isRefusal } from "./errors";
import { Observable } from "./observable";
import { isAccepted } from "./password-rules";

export type AuthStep =
  | { readonly name: "welcome" }
  /** Back from an identity provider: only a cut connection leaves the person here. */
  | { readonly name: "returning" }
  | { readonly name: "refused"; readonly mayBeInvited: boolean }
  | { readonly name: "sign-in" }
  | { readonly name: "password"; readonly policy: PasswordPolicy; readonly terms: readonly Policy[] }
  | { readonly name: "code"; readonly sentAgain: boolean }
  | { readonly name: "forgot" }
  | { readonly name: "reset"; readonly policy: PasswordPolicy };

export type Intent = "sign-in" | "sign-up";

export interface AuthState {
  readonly step: AuthStep;
  readonly email: string;
  /** null while the server has not said; the first screen waits for it a moment, so that nothing jumps. */
  readonly providers: readonly IdentityProvider[] | null;
  readonly busy: boolean;
  readonly error: Phrase | null;
  readonly notice: Phrase | null;
}

export interface AuthSurroundings {
  readonly entryUrl: string;
  readonly homeservers: Readonly<Record<string, string>>;
  readonly deviceName: string;
  readonly language: () => string;
  /** Goes to an identity provider by way of `address`, to which the address to come back to is given. */
  readonly leave: (errand: { readonly mark: string; readonly email: string }, address: (back: string) => string) => void;
  /** Called once, with the password still at hand for what follows a sign-up; null when the person typed none. */
  readonly onSignedIn: (credentials: Credentials, password: string | null) => void;
}

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/u;
const PROVIDERS_WAIT_MS = 1_500;
const LINK_POLL_MS = 5_000;
const LINK_POLLS = 120;

export class AuthModel {
  readonly state: Observable<AuthState>;
  readonly #around: AuthSurroundings;
  #baseUrl: string;
  #password = "";
  #proof: EmailProof | null = null;
  #attempt = 1;
  #purpose: "register" | "account/password" = "register";
  #polls = 0;
  #loginToken = "";

  constructor(around: AuthSurroundings, notice: Phrase | null = null) {
    this.#around = around;
    this.#baseUrl = around.entryUrl;
    const step = { name: "welcome" } as const;
    this.state = new Observable<AuthState>({ step, email: "", providers: null, busy: false, error: null, notice });
    void this.#loadProviders();
  }

  /** Without an answer the e-mail and the password still work: nothing is said. */
  async #loadProviders(): Promise<void> {
    const late = setTimeout(() => this.state.update({ providers: [] }), PROVIDERS_WAIT_MS);
    const offered = await providers.listProviders(this.#around.entryUrl).catch(() => []);
    clearTimeout(late);
    this.state.update({ providers: offered });
  }

  readonly identify = (provider: IdentityProvider, email: string): void => {
    const { entryUrl, leave } = this.#around;
    const hint = EMAIL.test(email.trim()) ? email.trim() : "";
    leave({ mark: newSecret(), email }, (back) => providers.providerAddress(entryUrl, provider.id, back, hint));
  };

  /** Back from the provider, with what it gave; what was typed before leaving is there again. */
  readonly comeBack = (loginToken: string, email: string): Promise<void> => {
    this.#loginToken = loginToken;
    this.state.update({ step: { name: "returning" }, email });
    return this.retryReturn();
  };

  readonly retryReturn = (): Promise<void> =>
    this.#act(async () => {
      try {
        await this.#takeReturn();
      } catch (error) {
        // It works once and for two minutes: only a cut connection is worth another try.
        if (!(error instanceof Unreachable)) this.state.update({ step: { name: "welcome" } });
        throw error;
      }
    }, { M_FORBIDDEN: "error.returnTooLate", M_UNKNOWN_TOKEN: "error.returnTooLate" });

  async #takeReturn(): Promise<void> {
    const { entryUrl, homeservers, deviceName, onSignedIn } = this.#around;
    const credentials = await providers.signInWithToken(entryUrl, this.#loginToken, deviceName);
    this.#loginToken = "";
    const baseUrl = homeservers[serverOf(credentials.userId)] ?? entryUrl;
    onSignedIn({ ...credentials, baseUrl }, null);
  }

  /** Runs one act: busy while it lasts, its failure said in the person's words. */
  async #act(job: () => Promise<void>, special?: Parameters<typeof act>[2]): Promise<void> {
    const once = (): Promise<void> => {
      this.state.update({ notice: null });
      return job();
    };
    await act(this.state, once, special);
  }

  #go(step: AuthStep): void {
    this.state.update({ step, error: null });
  }

  readonly start = (email: string, intent: Intent): Promise<void> => {
    const address = email.trim();
    this.state.update({ email: address });
    if (!EMAIL.test(address)) {
      this.state.update({ error: { key: "error.emailFormat" }, notice: null });
      return Promise.resolve();
    }
    return this.#act(async () => {
      const answer = await accounts.findInstance(this.#around.entryUrl, address);
      if (answer.kind === "refused") return this.#refuse(false);
      this.#baseUrl = this.#around.homeservers[answer.server] ?? this.#around.entryUrl;
      if (answer.external && intent === "sign-up") return this.#refuse(true);
      await this.#enter(intent);
    });
  };

  #refuse(mayBeInvited: boolean): void {
    this.#go({ name: "refused", mayBeInvited });
  }

  async #enter(intent: Intent): Promise<void> {
    if (intent === "sign-in") return this.#go({ name: "sign-in" });
    const language = this.#around.language();
    const [policy, terms] = await Promise.all([
      accounts.fetchPasswordPolicy(this.#baseUrl),
      accounts.fetchTerms(this.#baseUrl, language),
    ]);
    this.#go({ name: "password", policy, terms });
  }

  /** For somebody outside the administrations who was invited. */
  readonly continueInvited = (): Promise<void> => this.#act(() => this.#enter("sign-up"));

  readonly back = (): void => {
    this.#polls = LINK_POLLS;
    this.state.update({ step: { name: "welcome" }, error: null, notice: null });
  };

  readonly signIn = (password: string): Promise<void> =>
    this.#act(
      async () => {
        const { email } = this.state.get();
        const credentials = await accounts.signIn(this.#baseUrl, email, password, this.#around.deviceName);
        this.#around.onSignedIn(credentials, password);
      },
      { M_FORBIDDEN: "error.credentials", M_THREEPID_NOT_FOUND: "error.credentials" },
    );

  readonly choosePassword = (password: string): Promise<void> => {
    const { step } = this.state.get();
    if (step.name === "password" && !isAccepted(step.policy, password)) {
      this.state.update({ error: { key: "error.weakPassword" } });
      return Promise.resolve();
    }
    this.#password = password;
    this.#purpose = "register";
    return this.#act(() => this.#askCode());
  };

  async #askCode(): Promise<void> {
    this.#attempt = 1;
    try {
      const { email } = this.state.get();
      this.#proof = await accounts.requestCode(this.#baseUrl, this.#purpose, email, this.#attempt);
    } catch (error) {
      if (isRefusal(error, "M_THREEPID_DENIED")) return this.#refuse(false);
      throw error;
    }
    this.#go({ name: "code", sentAgain: false });
    this.#watchLink();
  }

  readonly sendAgain = (): Promise<void> =>
    this.#act(async () => {
      if (this.#proof === null) return;
      this.#attempt += 1;
      const { email } = this.state.get();
      const { secret } = this.#proof;
      this.#proof = await accounts.requestCode(this.#baseUrl, this.#purpose, email, this.#attempt, secret);
      this.#go({ name: "code", sentAgain: true });
    });

  readonly submitCode = (code: string): Promise<void> =>
    this.#act(async () => {
      if (this.#proof === null) return;
      if (!(await accounts.submitCode(this.#proof, code))) throw new EmailNotProven();
      await this.#afterProof();
    });

  async #afterProof(): Promise<void> {
    if (this.#proof === null) return;
    if (this.#purpose === "account/password") {
      return this.#go({ name: "reset", policy: await accounts.fetchPasswordPolicy(this.#baseUrl) });
    }
    const { deviceName, onSignedIn } = this.#around;
    const credentials = await accounts.register(this.#baseUrl, this.#proof, this.#password, deviceName);
    this.#polls = LINK_POLLS;
    onSignedIn(credentials, this.#password);
    this.#password = "";
  }

  /** The link of the e-mail proves the address elsewhere: ask now and then whether it has been followed. */
  #watchLink(): void {
    this.#polls = 0;
    const look = async (): Promise<void> => {
      this.#polls += 1;
      const { step, busy } = this.state.get();
      if (step.name !== "code" || this.#polls > LINK_POLLS) return;
      if (!busy && this.#purpose === "register") await this.#tryLink();
      setTimeout(() => void look(), LINK_POLL_MS);
    };
    setTimeout(() => void look(), LINK_POLL_MS);
  }

  async #tryLink(): Promise<void> {
    try {
      await this.#afterProof();
    } catch {
      // Not followed yet: the code field still stands.
    }
  }

  readonly forgot = (): void => this.#go({ name: "forgot" });

  readonly askReset = (): Promise<void> => {
    this.#purpose = "account/password";
    return this.#act(() => this.#askCode());
  };

  readonly reset = (password: string, signOutDevices: boolean): Promise<void> =>
    this.#act(
      async () => {
        if (this.#proof === null) return;
        await accounts.resetPassword(this.#baseUrl, this.#proof, password, signOutDevices);
        this.#go({ name: "sign-in" });
        this.state.update({ notice: { key: "forgot.done" } });
      },
      { M_FORBIDDEN: "error.weakPassword" },
    );
}
