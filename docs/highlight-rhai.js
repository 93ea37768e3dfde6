// Colours recipes. Without JavaScript they are shown as they are.
(function () {
  if (typeof hljs === "undefined") {
    return;
  }
  hljs.registerLanguage("rhai", function (hljs) {
    const value = { className: "subst", begin: /\$\{/, end: /\}/ };
    return {
      keywords: {
        keyword: "let const fn if else for in while loop return break continue try catch throw import as switch",
        literal: "true false",
      },
      contains: [
        hljs.COMMENT("//", "$"),
        { className: "string", begin: '"', end: '"', contains: [hljs.BACKSLASH_ESCAPE] },
        { className: "string", begin: "`", end: "`", contains: [value] },
        { className: "symbol", begin: /(?<![:\w]):[A-Za-z_]\w*/ },
        { className: "number", begin: /\b\d[\d_.]*\b/ },
        { className: "built_in", begin: /^ *[a-z_]+(?=[ (]?["`:\[(])/ },
      ],
    };
  });
  document.querySelectorAll("code.language-rhai").forEach(function (code) {
    code.textContent = code.textContent;
    delete code.dataset.highlighted;
    hljs.highlightElement ? hljs.highlightElement(code) : hljs.highlightBlock(code);
    code.classList.add("hljs");
  });
})();
