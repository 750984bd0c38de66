import Testing

@Suite struct StyleTests {
  private let tree = SourceTree()

  private var sources: [String] {
    tree.files(under: "Sources", endings: [".swift", ".c", ".h"]) + tree.files(under: "Tests")
      + tree.files(under: "Firmware/Sources", endings: [".swift", ".c", ".h"])
  }

  @Test func `there are sources to check`() {
    #expect(sources.count > 50)
  }

  @Test func `no file is longer than 400 lines`() {
    for path in sources {
      let lines = tree.text(of: path).split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(lines <= 401, "\(path) has \(lines) lines; give an aspect of it a file of its own")
    }
  }

  @Test func `files are named for their duty`() {
    for path in sources {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      for banned in ["Manager", "Utils", "Utilities", "Helper", "Common", "Misc"] {
        #expect(!name.contains(banned), "\(path)")
      }
    }
  }

  @Test func `types are named for their duty`() {
    let kinds: Set<Substring> = ["class", "struct", "enum", "actor", "protocol"]
    for path in sources where path.hasSuffix(".swift") {
      for line in tree.text(of: path).split(separator: "\n") {
        let words = line.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") })
        guard let kind = words.firstIndex(where: { kinds.contains($0) }), kind + 1 < words.count, !line.contains("//"), !line.contains("\"") else { continue }
        let name = words[kind + 1]
        for banned in ["Manager", "Utils", "Helper", "Common"] where name.first?.isUppercase == true {
          #expect(!name.hasSuffix(banned), "\(path): \(name)")
        }
      }
    }
  }

  @Test func `no work is left for later in the text`() {
    // Written apart, so that this file doesn't find itself.
    let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
    for path in sources {
      let text = tree.text(of: path)
      for mark in marks { #expect(!text.contains(mark), "\(path) holds \(mark)") }
    }
  }
}
