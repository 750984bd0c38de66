import ModelCompiler
import ONNX

/// What an ONNX file says of itself, for a model that isn't compiled as it stands.
struct ModelFileReport {
  private let model: ONNXModel
  private let name: String
  /// Why there is no program to show.
  private let reason: String

  init(_ model: ONNXModel, name: String, reason: String) {
    self.model = model
    self.name = name
    self.reason = reason
  }

  private var operators: [(name: String, count: Int)] {
    let counts = model.graph.nodes.reduce(into: [:]) { $0[$1.domain.isEmpty ? $1.opType : "\($1.domain).\($1.opType)", default: 0] += 1 }
    return counts.map { ($0.key, $0.value) }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }

  private var inputs: [ONNXValueInfo] {
    let initialised = Set(model.graph.initialisers.map(\.name))
    return model.graph.inputs.filter { !initialised.contains($0.name) }
  }

  private var weightByteCount: Int { model.graph.initialisers.reduce(0) { $0 + $1.tensor.bytes.count } }

  var text: String {
    var lines = ["\(name): an ONNX file of operator set \(model.opsetImports[""] ?? 1)\(model.producerName.isEmpty ? "" : ", made by \(model.producerName)")"]
    lines.append("  no program      \(reason)")
    lines.append("  weights         \(PackageReport.size(weightByteCount))")
    for port in inputs { lines.append("  input           \(described(port))") }
    for port in model.graph.outputs { lines.append("  output          \(described(port))") }
    lines.append("  nodes           \(model.graph.nodes.count)")
    for (name, count) in operators { lines.append("    \(name)\(String(repeating: " ", count: max(1, 24 - name.count)))\(count)") }
    return lines.joined(separator: "\n") + "\n"
  }

  var json: JSON {
    .object([
      ("name", .string(name)), ("operator_set", .integer(model.opsetImports[""] ?? 1)), ("no_program", .string(reason)),
      ("weight_bytes", .integer(weightByteCount)), ("inputs", .array(inputs.map(portJSON))), ("outputs", .array(model.graph.outputs.map(portJSON))),
      ("operators", .object(operators.map { ($0.name, .integer($0.count)) })),
    ])
  }

  private func described(_ port: ONNXValueInfo) -> String {
    "\(port.name): \(port.dataType?.name ?? "no tensor") \(port.dimensions == nil ? "of any shape" : port.described)"
  }

  private func portJSON(_ port: ONNXValueInfo) -> JSON {
    let dimensions = port.dimensions.map { sizes in
      JSON.array(
        sizes.map { size in
          switch size {
          case .size(let size): .integer(size)
          case .symbol(let name): .string(name)
          case .unknown: .null
          }
        })
    }
    return .object([("name", .string(port.name)), ("type", port.dataType.map { .string($0.name) } ?? .null), ("dimensions", dimensions ?? .null)])
  }
}
