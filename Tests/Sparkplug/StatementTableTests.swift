import Foundation
import Testing

/// The table of normative statements in `docs/sparkplug.md` names tests; they must be there.
@Suite struct StatementTableTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// What stands between backquotes, in the order of the text.
  private static func quoted(_ text: some StringProtocol) -> [String] {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }

  /// The rows of the table: statements and what shows them.
  private static func rows() throws -> [(statements: [String], shown: String)] {
    let text = try String(contentsOf: root.appendingPathComponent("docs/sparkplug.md"), encoding: .utf8)
    return text.split(separator: "\n").filter { $0.hasPrefix("| `tck-id-") }.map { line in
      let cells = line.split(separator: "|")
      return (quoted(cells[0]), cells.count == 3 ? String(cells[2]) : "")
    }
  }

  private static func testNames() throws -> Set<String> {
    let folder = root.appendingPathComponent("Tests/Sparkplug").path
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
    let lines = try files.flatMap { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8).split(separator: "\n") }
    return Set(lines.filter { $0.contains("func `") }.compactMap { quoted($0).first })
  }

  @Test func `every statement stands there once and is shown by tests that exist, or says why not`() throws {
    let (rows, names) = (try Self.rows(), try Self.testNames())
    let statements = rows.flatMap(\.statements)
    #expect(statements.count > 150 && Set(statements).count == statements.count)
    for row in rows {
      // A test's name has spaces, a name of the code has none.
      let tests = Self.quoted(row.shown).filter { $0.contains(" ") && !$0.hasPrefix("Node Control") }
      for test in tests { #expect(names.contains(test), "\(row.statements[0]) names ‘\(test)’, which isn't there") }
      let isExplained = ["not applicable:", "not done:", "the caller's:", "the operator's:", "nothing here"].contains { row.shown.contains($0) }
      #expect(!tests.isEmpty || isExplained, "\(row.statements[0])")
    }
  }
}
