import ModelGraph
import ONNX
import Operators
import TFLite
import Tensors

/// Says a TFLite model in ONNX's terms, so that both kinds of file share one import, one catalogue of operators and all passes.
///
/// Two things differ. Images are NHWC there: image operators get Transposes around them, values that elementwise operators pass
/// on stay channels-first between them, and since lowering chooses how each value lies, none of the Transposes moves anything.
/// Tensors themselves carry scales: each 8-bit tensor becomes a real value behind a QuantizeLinear/DequantizeLinear pair, which
/// passes turn into that value's 8-bit form.
struct TFLiteTranslation {
  /// How one operator is said in ONNX. Throws `.unsupported` where it can't be.
  typealias Handler = @Sendable (inout TFLiteTranslation, TFLiteOperator) throws(OperatorError) -> Void

  /// The order in which a value's axes stand.
  enum AxisOrder { case declared, channelsFirst }

  /// What a computed or given tensor is called, in each order in which it is at hand.
  struct Names {
    var declared: String?
    var channelsFirst: String?
  }

  /// A constant in one of the forms in which operators ask for it.
  struct ConstantForm: Hashable {
    var tensor: Int
    var permutation: [Int]?
    var leadingAxes = 0
    /// Whether its elements are read as int64.
    var isWide = false
  }

  /// An int32 bias in the units of what it is added to.
  struct BiasForm: Hashable {
    var tensor: Int
    var weights: Int
    var inputScale: Float
  }

  let model: TFLiteSubgraph
  var values: [Int: Names] = [:]
  /// What constants are called that are there already: any number of operators may share one.
  var constants: [ConstantForm: String] = [:]
  var biases: [BiasForm: String] = [:]
  /// The operators that make tensors.
  let producers: [Int: TFLiteOperator]
  private(set) var graph: ONNXGraph
  private var takenNames: Set<String> = []
  /// The operator being translated, for names.
  private var label = ""

  private init(_ model: TFLiteSubgraph, name: String) {
    self.model = model
    graph = ONNXGraph(name: name)
    var producers: [Int: TFLiteOperator] = [:]
    for operation in model.operators {
      for output in operation.outputs where producers[output] == nil { producers[output] = operation }
    }
    self.producers = producers
  }

  /// The operator set in whose terms the translation speaks.
  private static let opset = 20

  static func onnx(of model: TFLiteModel) throws(CompilerError) -> ONNXModel {
    guard let subgraph = model.subgraphs.first else { throw CompilerError(.invalid, "the model has no graph") }
    var translation = TFLiteTranslation(subgraph, name: subgraph.name)
    try translation.addInputs()
    try translation.addOperators(DilatedConvolutions.fused(in: subgraph))
    try translation.addOutputs()
    return ONNXModel(
      irVersion: 9, opsetImports: ["": opset], producerName: "TFLite", producerVersion: "\(model.version)", graph: translation.graph, metadata: [:])
  }

  private mutating func addInputs() throws(CompilerError) {
    // Ports keep the file's names; everything inside makes way.
    for index in model.inputs + model.outputs { takenNames.insert(model.tensors[index].name) }
    var ports: Set<String> = []
    for index in model.inputs {
      let tensor = model.tensors[index]
      let name = tensor.name.isEmpty ? "input \(index)" : tensor.name
      guard values[index] == nil, ports.insert(name).inserted else { throw CompilerError(.invalid, "input '\(name)' stands twice") }
      guard let type = tensor.type.elementType, tensor.type.rawValue != 17 else {
        throw CompilerError(.unsupported, "input '\(name)' has the type \(tensor.type.name), which is not supported")
      }
      let dimensions = zip(tensor.dimensions, tensor.isOpen).map { $1 ? ONNXDimension.unknown : .size($0) }
      graph.inputs.append(ONNXValueInfo(name: name, dataType: ONNXDataType(type), dimensions: dimensions))
      do throws(OperatorError) {
        label = name
        values[index] = Names(declared: try form(of: index).map { dequantised(name, $0) } ?? name)
      } catch {
        throw CompilerError(error.code == .invalid ? .invalid : .unsupported, "input '\(name)': \(error.message)")
      }
    }
  }

  /// Names everything that is missing at once, so that a user sees the whole distance.
  private mutating func addOperators(_ operators: [TFLiteOperator]) throws(CompilerError) {
    var missing: [String: Int] = [:]
    for (position, operation) in operators.enumerated() {
      do throws(OperatorError) {
        let first = graph.nodes.count
        label = operation.outputs.first.map { name(of: $0) } ?? operation.name
        guard !operation.isCustom, let handler = Self.handlers[operation.name] else { throw OperatorError(.unsupported, "") }
        try checkOperands(of: operation)
        try handler(&self, operation)
        for index in graph.nodes.indices[first...] {
          graph.nodes[index].name = "\(operation.name) \(position)"
          // The catalogue says what it lacks in ONNX's words; here the file's own are better.
          if OperatorCatalog.type(named: graph.nodes[index].opType) == nil { throw OperatorError(.unsupported, "") }
        }
        for output in operation.outputs where values[output] == nil { throw OperatorError(.invalid, "its output '\(name(of: output))' isn't made") }
      } catch {
        guard error.code == .unsupported else { throw CompilerError(.invalid, "operator \(position) (\(operation.name)): \(error.message)") }
        let custom = operation.isCustom ? "custom operator " : ""
        missing["\(custom)\(operation.name)\(error.message.isEmpty ? "" : ", which \(error.message)")", default: 0] += 1
        // Whoever reads these is still looked at.
        for output in operation.outputs where values[output] == nil { values[output] = Names(declared: "missing") }
      }
    }
    guard missing.isEmpty else {
      let list = missing.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value)×)" }.joined(separator: "; ")
      throw CompilerError(.unsupported, "the model uses what this version doesn't have: \(list)")
    }
  }

  private func checkOperands(of operation: TFLiteOperator) throws(OperatorError) {
    for case let input? in operation.inputs where values[input] == nil && !isConstant(input) {
      throw OperatorError(.invalid, "reads '\(name(of: input))', which nothing before it makes")
    }
    for tensor in operation.inputs.compactMap({ $0 }) + operation.outputs {
      if model.tensors[tensor].isVariable { throw OperatorError(.unsupported, "keeps state in a variable tensor") }
      if model.tensors[tensor].isSparse { throw OperatorError(.unsupported, "has sparse weights") }
    }
    for output in operation.outputs where values[output] != nil || model.tensors[output].data != nil {
      throw OperatorError(.invalid, "makes '\(name(of: output))', which is there already")
    }
  }

  private static let mostNamesakes = 100

  private mutating func addOutputs() throws(CompilerError) {
    var ports: Set<String> = Set(graph.inputs.map(\.name))
    for index in model.outputs {
      let tensor = model.tensors[index]
      do throws(OperatorError) {
        guard values[index] != nil || isConstant(index) else { throw OperatorError(.invalid, "is made by no operator") }
        // A name that is taken already gets a number: TFLite's outputs may share one.
        var name = tensor.name.isEmpty ? "output \(index)" : tensor.name
        var attempts = 0
        while !ports.insert(name).inserted {
          attempts += 1
          guard attempts <= Self.mostNamesakes else { throw OperatorError(.unsupported, "shares its name with more than \(Self.mostNamesakes) others") }
          name += "'"
        }
        label = name
        let value = try value(index)
        if let form = try form(of: index) {
          append("QuantizeLinear", [value] + formConstants(form), outputs: [name])
        } else {
          append("Identity", [value], outputs: [name])
        }
        graph.outputs.append(ONNXValueInfo(name: name))
      } catch {
        throw CompilerError(error.code == .invalid ? .invalid : .unsupported, "output '\(tensor.name)': \(error.message)")
      }
    }
  }
}

/// Writing nodes.
extension TFLiteTranslation {
  /// Adds a node with one output and returns the output's name.
  mutating func emit(_ opType: String, _ inputs: [String], _ attributes: [String: ONNXAttribute] = [:]) -> String {
    emit(opType, inputs, attributes, outputCount: 1)[0]
  }

  mutating func emit(_ opType: String, _ inputs: [String], _ attributes: [String: ONNXAttribute] = [:], outputCount: Int) -> [String] {
    let outputs = (0..<outputCount).map { _ in unique("\(label).\(opType)") }
    append(opType, inputs, attributes, outputs: outputs)
    return outputs
  }

  private mutating func append(_ opType: String, _ inputs: [String], _ attributes: [String: ONNXAttribute] = [:], outputs: [String]) {
    graph.nodes.append(ONNXNode(name: label, opType: opType, inputs: inputs, outputs: outputs, attributes: attributes))
  }

  /// Adds an initialiser and returns its name.
  mutating func constant(_ tensor: HostTensor, _ name: String = "constant") -> String {
    let name = unique("\(label).\(name)")
    graph.initialisers.append(ONNXInitialiser(name: name, tensor: tensor))
    return name
  }

  mutating func constant(_ values: [Int]) -> String { constant(HostTensor(values.map { Int64($0) }, dimensions: [values.count])) }

  mutating func constant(_ value: Float) -> String { constant(HostTensor([value], dimensions: [])) }

  private mutating func unique(_ name: String) -> String {
    guard !takenNames.insert(name).inserted else { return name }
    let numbered = "\(name) \(takenNames.count)"
    return takenNames.insert(numbered).inserted ? numbered : unique("\(numbered)'")
  }

  /// A tensor for messages and as the stem of names; bounded, since many names grow from one.
  func name(of tensor: Int) -> String {
    let name = model.tensors[tensor].name
    // By scalars: a character may be as long as it likes.
    return name.isEmpty ? "tensor \(tensor)" : String(String.UnicodeScalarView(name.unicodeScalars.prefix(160)))
  }
}
