import ModelFormat
import ModelGraph
import ModelManifest
public import ONNX
import Operators
public import Tensors

/// In what form a package keeps the weights of layers that are computed in float.
public enum WeightPrecision: String, Sendable, CaseIterable {
  case float
  /// A scale an output channel; what they are multiplied with is rounded to 16 bits, row by row, where that is faster.
  case int8
  /// The same, and what they are multiplied with is rounded to 8 bits, row by row.
  case dynamic = "int8-dynamic"
  /// A scale each 32 products.
  case int4

  public var bits: Int {
    switch self {
    case .float: 32
    case .int8, .dynamic: 8
    case .int4: 4
    }
  }

  /// Bits of what the weights are multiplied with.
  var activationBits: Int {
    switch self {
    case .float, .int4: 32
    case .int8: 16
    case .dynamic: 8
    }
  }
}

/// What the user asked of a compilation.
public struct CompilationOptions: Sendable {
  /// Dimensions bound by the user, by input name.
  public var shapes: [String: [Int]] = [:]
  /// Inputs whose values are known now, by name: they become constants, and with them what depends on nothing else (the
  /// branch that a sampling rate chooses, a shape).
  public var constants: [String: HostTensor] = [:]
  public var recipe: Recipe?
  /// In how many bits the weights of float layers are kept.
  public var weights = WeightPrecision.float
  /// Compilations with copies of these options share it.
  let constantForms = ConstantForms()
  /// Whether a run may take several of the recipe's images.
  var takesSeveralImages = false
  /// Which parts of joins may be made where the whole lies.
  var parts = PartPlacement.Choice.all

  public init() {}
}

/// From an ONNX model to a program: import, passes, lowering. Without calibration the precision stays the model's own.
public struct ModelCompilation: Sendable {
  /// The graph in canonical form: what calibration observes.
  private var graph: Graph
  private let options: CompilationOptions
  private let modelName: String

  /// Imports and checks the model.
  /// - Parameter name: the manifest's name where no recipe gives one.
  public init(_ model: ONNXModel, name: String, options: CompilationOptions = CompilationOptions()) throws(CompilerError) {
    self.options = options
    modelName = name
    // What the caller binds comes before what the recipe does.
    let constants = (options.recipe?.constants ?? [:]).merging(options.constants) { $1 }
    let shapes = (options.recipe?.shapes ?? [:]).mapValues { $0.map(\.upperBound) }.merging(options.shapes) { $1 }
    graph = try GraphImport.graph(of: model, shapes: shapes, constants: constants).inSinglePrecision()
    try PassList.run(PassList.canonical, on: &graph)
    graph.weightBits = options.weights.bits
    graph.constantForms = options.constantForms
    graph.activationBits = options.weights.activationBits
    if let recipe = options.recipe { try checkInput(of: recipe) }
    for state in options.recipe?.states ?? [] { try checkState(state) }
  }

  /// The model in its own precision.
  public func compiled() throws(CompilerError) -> CompiledModel {
    try compile(graph)
  }

  /// Whether the model brought its own 8-bit forms.
  public var isQuantised: Bool { graph.values.contains { $0.stored != nil } }

  /// The model in 8 bits, by what calibration found.
  public func quantised(by result: CalibrationResult) throws(CompilerError) -> CompiledModel {
    let (annotated, uneven) = result.annotatedNamingUneven(graph)
    var model = try compile(annotated)
    model.manifest.calibration = Calibration(
      method: result.method.rawValue, samples: result.sampleCount, floatValues: result.keptFloat.isEmpty ? nil : result.keptFloat.sorted(),
      unevenValues: uneven.isEmpty ? nil : uneven.sorted())
    return model
  }

  /// The graph that calibration observes.
  var canonicalGraph: Graph { graph }

  /// A float program of the canonical graph, or of an equal one with other constants, with every value that quantisation has to know as
  /// a further output, named by its value.
  func observable(_ graph: Graph) throws(CompilerError) -> CompiledModel {
    var observed = graph
    for index in observed.values.indices { observed.values[index].stored = nil }
    return try emit(observed, observed: QuantisationPlan.observedValues(of: graph))
  }

  /// The fused program with each value that is left between its instructions as a further output.
  func compared(_ annotated: Graph) throws(CompilerError) -> CompiledModel {
    var fused = annotated
    try PassList.run(PassList.fusion, on: &fused)
    let made = Set(fused.nodes.flatMap(\.outputs))
    return try emit(fused, observed: QuantisationPlan.observedValues(of: annotated).filter { made.contains($0) })
  }

  private func compile(_ graph: Graph) throws(CompilerError) -> CompiledModel {
    var fused = graph
    try PassList.run(PassList.fusion, on: &fused)
    return try emit(fused, observed: [])
  }

  private func emit(_ graph: Graph, observed: [ValueID]) throws(CompilerError) -> CompiledModel {
    var layouts: [ValueID: Layout] = [:]
    if let input = options.recipe?.input, let id = graph.inputs.first(where: { graph[$0].name == input.tensor }) {
      layouts[id] = layout(of: input, for: graph.type(of: id).dimensions)
    }
    for state in options.recipe?.states ?? [] {
      // Outputs lie as their author declared them; what comes back as an input must lie alike.
      guard let id = graph.inputs.first(where: { graph[$0].name == state.input }) else { continue }
      layouts[id] = .identity(rank: graph.type(of: id).dimensions.count)
    }
    let output = try ProgramEmission.emit(graph, layouts: layouts, observed: observed, parts: options.parts)
    let manifest = options.recipe?.manifest(defaultName: modelName) ?? Manifest(name: modelName, version: "1", task: .raw)
    return CompiledModel(manifest: manifest, program: output.program, weights: output.weights, parts: output.parts)
  }

  private func checkState(_ state: StateBinding) throws(CompilerError) {
    let place = options.recipe?.place(of: "states") ?? "the recipe"
    guard let input = graph.inputs.first(where: { graph[$0].name == state.input }) else {
      let names = graph.inputs.map { "'\(graph[$0].name)'" }.joined(separator: ", ")
      throw CompilerError(.invalid, "\(place): the recipe's state '\(state.input)' is no input of the model, which has \(names)")
    }
    guard let position = graph.outputNames.firstIndex(of: state.output) else {
      let names = graph.outputNames.map { "'\($0)'" }.joined(separator: ", ")
      throw CompilerError(.invalid, "\(place): the recipe's state output '\(state.output)' is no output of the model, which has \(names)")
    }
    let (from, to) = (graph.type(of: graph.outputs[position]), graph.type(of: input))
    guard from == to else {
      throw CompilerError(
        .invalid,
        "\(place): the recipe's state '\(state.input)' is \(to.elementType.name) \(to.dimensions), its output '\(state.output)' \(from.elementType.name) "
          + "\(from.dimensions); they must agree")
    }
  }

  private func checkInput(of recipe: Recipe) throws(CompilerError) {
    guard let tensor = recipe.input?.tensor ?? recipe.sound?.tensor else { return }
    let place = recipe.place(of: recipe.input == nil ? "sound" : "input")
    guard let id = graph.inputs.first(where: { graph[$0].name == tensor }) else {
      let names = graph.inputs.map { "'\(graph[$0].name)'" }.joined(separator: ", ")
      throw CompilerError(.invalid, "\(place): the tensor '\(tensor)' is no input of the model, which has \(names)")
    }
    guard let input = recipe.input, layout(of: input, for: graph.type(of: id).dimensions) == nil else { return }
    throw CompilerError(
      .invalid,
      "\(place): the recipe prepares \(input.width)x\(input.height) images of \(input.channelCount) channels; "
        + "input '\(tensor)' is \(graph.type(of: id).dimensions)")
  }

  private func layout(of input: ImageInput, for dimensions: [Int]) -> Layout? {
    input.layout(for: options.takesSeveralImages && !dimensions.isEmpty ? [1] + dimensions.dropFirst() : dimensions)
  }
}

extension ImageInput {
  var channelCount: Int { colour == .grey ? 1 : 3 }

  /// Where rows and columns stand in an input of these declared dimensions, whatever their sizes and however many images there are; nil where it can't carry images.
  func axes(in dimensions: [Int]) -> (height: Int, width: Int)? {
    guard dimensions.count == 4 else { return nil }
    if dimensions[1] == channelCount { return (2, 3) }
    return dimensions[3] == channelCount ? (1, 2) : nil
  }

  /// How an input of these declared dimensions lies channels-last; nil where it can't carry the images.
  func layout(for dimensions: [Int]) -> Layout? {
    switch dimensions {
    case [1, channelCount, height, width]: .channelsLast(rank: 4)
    case [1, height, width, channelCount]: .identity(rank: 4)
    default: nil
    }
  }
}
