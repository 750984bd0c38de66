import Testing
import Updates

@Suite struct PathPatternTests {
  /// The specification's own examples, and the corners of the shell's rules.
  @Test(arguments: [
    ("targets/*.tgz", "targets/foo.tgz", true), ("targets/*.tgz", "targets/foo.txt", false), ("foo-version-?.tgz", "foo-version-2.tgz", true),
    ("foo-version-?.tgz", "foo-version-alpha.tgz", false), ("*.tgz", "foo.tgz", true), ("*.tgz", "targets/foo.tgz", false),
    ("foo.tgz", "foo.tgz", true), ("foo.tgz", "foo.tgz/", false), ("*", "", true), ("?", "", false), ("", "", true), ("", "a", false),
    ("a*b*c", "aXbYc", true), ("a*b*c", "aXbY", false), ("a*b*c", "abcbc", true), ("**", "a", true), ("a/*/c", "a/b/c", true),
    ("a/*/c", "a/b/b/c", false), ("a/*", "a/", true), ("*/*", "a", false), ("[ab]c", "bc", true), ("[ab]c", "cc", false), ("[!ab]c", "cc", true),
    ("[!ab]c", "ac", false), ("[a-c]", "b", true), ("[a-c]", "d", false), ("[]]", "]", true), ("[!]]", "]", false), ("[ab", "[ab", true),
    ("[ab", "a", false), ("[a-]", "-", true), ("?", "ü", true), ("?", "😀", true), ("\\*", "\\x", true), ("a.c", "abc", false),
    ("[c-a]", "b", false),
  ])
  func `a pattern stands for its paths`(pattern: String, path: String, isMatch: Bool) {
    #expect(PathPattern(pattern).matches(path) == isMatch)
  }

  /// Going back for each `*` would take ages here.
  @Test func `a spiteful pattern takes no longer than its length`() {
    let pattern = PathPattern(String(repeating: "*a", count: 2000) + "b")
    #expect(!pattern.matches(String(repeating: "a", count: 4000)))
  }
}
