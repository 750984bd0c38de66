import Foundation
import GoldenCases
import ModelCompiler
import ModelGraph
import Operators
import Tensors
import Testing

/// docs/operators.md, made of the catalogue and of what its golden cases really do.
struct OperatorPageTests {
  private static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("docs/operators.md")

  @Test func `the page of operators says what the catalogue and the golden cases say`() throws {
    let page = OperatorPage().text
    if ProcessInfo.processInfo.environment["SWIFTLET_RENEW_OPERATORS"] != nil {
      try FileManager.default.createDirectory(at: Self.path.deletingLastPathComponent(), withIntermediateDirectories: true)
      try page.write(to: Self.path, atomically: true, encoding: .utf8)
    }
    let written = (try? String(contentsOf: Self.path, encoding: .utf8)) ?? ""
    #expect(written == page, "docs/operators.md is stale: SWIFTLET_RENEW_OPERATORS=1 swift test --filter OperatorPageTests renews it")
  }

  @Test func `every operator of the catalogue stands on the page once`() {
    let rows = OperatorPage().rows.map(\.name)
    #expect(Set(rows).count == rows.count)
    #expect(rows.count == OperatorCatalog.all.reduce(0) { $0 + $1.names.count * $1.domains.count } + ControlFlow.allCases.count)
  }
}

/// The page, a row for each name of an operator.
private struct OperatorPage {
  struct Row {
    var name: String
    var sets: String
    var runs: String
    var types: String
    var eightBits: String
    var cases: Int

    var line: String { "| \(name) | \(sets) | \(runs) | \(types) | \(eightBits) | \(cases == 0 ? "" : "\(cases)") |" }
  }

  let rows: [Row]

  init() {
    let cases = Dictionary(grouping: GoldenCase.all, by: \.operatorName)
    var rows: [Row] = []
    for type in OperatorCatalog.all {
      for domain in type.domains {
        for name in type.names { rows.append(Self.row(name, domain, type, cases[name] ?? cases[type.names[0]] ?? [])) }
      }
    }
    for flow in ControlFlow.allCases {
      rows.append(
        Row(
          name: flow.rawValue, sets: Self.range(nil), runs: "package, where import can write it out; else evaluated", types: "", eightBits: "as its bodies",
          cases: cases[flow.rawValue]?.count ?? 0))
    }
    self.rows = rows.sorted { $0.name.lowercased() < $1.name.lowercased() }
  }

  private static func range(_ change: Int?) -> String {
    "\(OperatorCatalog.operatorSets.lowerBound)–\(change.map { $0 - 1 } ?? OperatorCatalog.operatorSets.upperBound)"
  }

  private static func row(_ name: String, _ domain: String, _ type: any Operator.Type, _ cases: [GoldenCase]) -> Row {
    var compiled: Set<String> = []
    var evaluated: Set<String> = []
    var rule: String?
    var isComposite = false
    for golden in cases {
      guard let model = try? golden.model(), let inputs = try? golden.inputs() else { continue }
      let types = Set((inputs.first.map { [$0] } ?? []).map { "\($0.elementType.name)" })
      if (try? ModelCompilation(model, name: golden.name).compiled()) != nil { compiled.formUnion(types) } else { evaluated.formUnion(types) }
      if let node = model.graph.nodes.first(where: { $0.opType == name }), let operation = try? node.operation(in: model) {
        rule = operation.quantisationRule.described
        isComposite = isComposite || operation is any CompositeOperator
      }
    }
    evaluated.subtract(compiled)
    let place = compiled.isEmpty ? "evaluated" : isComposite ? "package, as other operators" : "package"
    var kinds = compiled.sorted().joined(separator: ", ")
    if !compiled.isEmpty, !evaluated.isEmpty { kinds += "; evaluated: " }
    kinds += evaluated.sorted().joined(separator: ", ")
    let sets = domain.isEmpty ? range(OperatorCatalog.changes[name]) : "all"
    return Row(
      name: domain.isEmpty ? name : "\(domain).\(name)", sets: sets, runs: cases.isEmpty ? "untested" : place, types: kinds,
      eightBits: isComposite ? "as its parts" : rule ?? "", cases: cases.count)
  }

  var text: String {
    """
    # Operators

    Made by `SWIFTLET_RENEW_OPERATORS=1 swift test --filter OperatorPageTests` from the catalogue and the golden cases; a test fails when it is
    stale. Don't edit it.

    **Operator sets**: the versions of ONNX's operator set (or of the domain's) in which the operator is read. **Runs**: in a package, on the CPU;
    or evaluated only, which is while a model is compiled (where its inputs are known) and by the reference evaluator of `swiftlet infer`.
    **Element types**: those of the first input in the golden cases, with what is only evaluated behind a semicolon; in a package float16 and float64 are computed
    in float32. **8 bits**: what a calibrated model does with it. **Golden cases**: folders of `Tests/Golden` with ONNX Runtime's outputs.

    | operator | operator sets | runs | element types | 8 bits | golden cases |
    |---|---|---|---|---|---|
    \(rows.map(\.line).joined(separator: "\n"))

    """
  }
}

extension QuantisationRule {
  fileprivate var described: String {
    switch self {
    case .ownRange: "computes"
    case .sameAsInput: "moves"
    case .sharedByAll: "joins"
    case .float: "float"
    }
  }
}
