import Foundation

/// The package's own sources as text, for checks on the house's rules.
struct SourceTree {
  /// The package's root.
  let root: URL

  init() {
    root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  }

  /// Names of the folders under `Sources`: modules and programs.
  var modules: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path + "/Sources")) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }

  /// Swift, C and header files under a folder of the package, their paths relative to the root.
  func files(under folder: String, endings: [String] = [".swift"]) -> [String] {
    guard let walk = FileManager.default.enumerator(atPath: root.path + "/" + folder) else { return [] }
    return walk.compactMap { $0 as? String }.filter { name in endings.contains { name.hasSuffix($0) } }.map { "\(folder)/\($0)" }.sorted()
  }

  func text(of path: String) -> String {
    (try? String(contentsOfFile: root.path + "/" + path, encoding: .utf8)) ?? ""
  }

  /// Modules that a module's files import.
  func imports(of module: String) -> Set<String> {
    var found: Set<String> = []
    for path in files(under: "Sources/\(module)") { found.formUnion(Self.imports(in: text(of: path))) }
    return found
  }

  /// The names after `import`, whatever stands before it: attributes, an access level, a kind of declaration.
  static func imports(in text: String) -> Set<String> {
    let modifiers: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
    let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor"]
    var found: Set<String> = []
    for line in text.split(separator: "\n") {
      var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)[...]
      while let first = words.first, first.hasPrefix("@") || modifiers.contains(first) { words.removeFirst() }
      guard words.first == "import" else { continue }
      words.removeFirst()
      if let first = words.first, kinds.contains(first) { words.removeFirst() }
      if let name = words.first { found.insert(String(name.split(separator: ".")[0].prefix { $0.isLetter || $0.isNumber || $0 == "_" })) }
    }
    return found
  }
}
