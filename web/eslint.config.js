import babelParser from "@babel/eslint-parser";
import reactHooks from "eslint-plugin-react-hooks";

const parserOptions = {
  requireConfigFile: false,
  babelOptions: { presets: ["@babel/preset-typescript", "@babel/preset-react"] },
};

/** The arrows of the house: main > views > view-models > matrix; views > design; only matrix/ knows the SDK. */
function forbid(patterns, message) {
  return { "no-restricted-imports": ["error", { patterns: [{ group: patterns, message }] }] };
}
const SDK = ["matrix-js-sdk", "matrix-js-sdk/**"];
const REACT = ["react", "react-dom", "react-dom/**", "react-aria-components"];
function up(...folders) {
  return folders.flatMap((folder) => [`**/${folder}/**`, `**/${folder}`]);
}

export default [
  { ignores: ["dist/**", "node_modules/**"] },
  {
    files: ["**/*.{ts,tsx,js,mjs}"],
    languageOptions: { parser: babelParser, parserOptions, ecmaVersion: 2023, sourceType: "module" },
    plugins: { "react-hooks": reactHooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "max-lines": ["error", 500],
      "max-depth": ["error", 4],
      "max-params": ["error", 5],
      "max-lines-per-function": ["error", { max: 90, skipComments: true, skipBlankLines: true }],
      "no-console": "error",
      "no-eval": "error",
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: "error",
    },
  },
  { files: ["src/main.tsx"], rules: forbid(SDK, "only matrix/ uses the SDK") },
  { files: ["src/views/**"], rules: forbid([...SDK, ...up("matrix")], "views speak to view-models") },
  {
    files: ["src/view-models/**"],
    rules: forbid([...SDK, ...REACT, ...up("views", "design")], "view-models hold no DOM and no SDK"),
  },
  {
    files: ["src/matrix/**"],
    rules: forbid([...REACT, ...up("views", "view-models", "design", "i18n")], "matrix/ is the lowest floor"),
  },
  {
    files: ["src/design/**", "src/platform/**", "src/i18n/**"],
    rules: forbid([...SDK, ...up("matrix", "view-models", "views")], "this folder knows nothing of chat"),
  },
  { files: ["e2e/**", "tests/**"], rules: { "no-console": "off", "max-lines-per-function": "off" } },
];
