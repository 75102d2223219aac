// Rules for the browser's own modules and their tests. Prettier formats; these find mistakes.
import js from "@eslint/js";
import globals from "globals";

const strict = {
    ...js.configs.recommended.rules,
    eqeqeq: "error",
    "no-console": "error",
    "no-eval": "error",
    "no-implied-eval": "error",
    "no-new-func": "error",
    "no-shadow": "error",
    "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    "no-var": "error",
    "object-shorthand": "error",
    "prefer-const": "error",
};

// Without a semicolon the manifest storage doesn't see an import, and a relative one would load a file twice.
const bareImports = {
    "no-restricted-imports": [
        "error",
        { patterns: [{ regex: "^\\.{0,2}/", message: "Import by bare name." }] },
    ],
};

export default [
    {
        files: ["static/chat/**/*.js"],
        languageOptions: {
            globals: { ...globals.browser, htmx: "readonly", gettext: "readonly", ngettext: "readonly" },
        },
        rules: { ...strict, ...bareImports },
    },
    {
        files: ["tests/js/**/*.{js,mjs}"],
        languageOptions: { globals: { ...globals.node, ...globals.browser } },
        rules: strict,
    },
];
