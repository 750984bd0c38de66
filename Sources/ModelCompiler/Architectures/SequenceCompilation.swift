import ModelFormat
import ModelManifest
import ONNX
import TextTokens

/// A family of pretrained sequence models: an encoder that runs once, and a step that runs for each token.
protocol SequenceArchitecture: Sendable, SendableMetatype {
  /// What `config.json` calls it.
  static var modelType: String { get }

  init(_ folder: borrowing PretrainedFolder, _ options: SequenceOptions) throws(CompilerError)

  var encoder: SequencePart { get }
  var step: SequencePart { get }
  func manifest(name: String) -> Manifest
}

/// What is asked of a pretrained model beside its files.
public struct SequenceOptions: Sendable {
  /// As the model abbreviates it; nil for models of one language.
  public var language: String?
  /// Shorter sound is padded to it with silence; nil for what the model was trained with.
  public var shortestSeconds: Double?

  public init(language: String? = nil, shortestSeconds: Double? = nil) {
    self.language = language
    self.shortestSeconds = shortestSeconds
  }

  /// The first one that is given, as the command line calls it.
  var name: String? { language != nil ? "--language" : shortestSeconds != nil ? "--shortest-sound" : nil }
}

/// Ports that decoders' steps share.
enum SequenceNames {
  static func heard(layers: Int) -> [StateBinding] {
    (0..<layers).flatMap { layer in ["heard_keys", "heard_values"].map { StateBinding(input: "\($0).\(layer)", output: "\($0).\(layer)") } }
  }

  static func rows(layers: Int) -> [StateBinding] {
    (0..<layers).flatMap { layer in ["keys", "values"].map { StateBinding(input: "past_\($0).\(layer)", output: "\($0).\(layer)") } }
  }
}

extension CompilerError {
  /// A vocabulary of more tokens than a model scores.
  init(_ vocabulary: Vocabulary, _ path: String, _ size: Int) {
    self.init(.invalid, "\(path): tokenizer.json has \(vocabulary.pieces.count) tokens, config.json \(size): they are of two models")
  }
}

/// A graph and the bounds of its open lengths.
struct SequencePart {
  var model: ONNXModel
  var shapes: [String: [AxisSize]]
}

/// From a folder of a pretrained sequence model to one package.
public struct SequenceCompilation {
  /// Every architecture that is known.
  private static let architectures: [any SequenceArchitecture.Type] = [Moonshine.self, Whisper.self]

  private let architecture: any SequenceArchitecture
  private let name: String
  private let weights: WeightPrecision

  /// Reads the folder's files and checks that they fit each other.
  public init(folder path: String, weights: WeightPrecision = .float, options: SequenceOptions = SequenceOptions()) throws(CompilerError) {
    let folder = try PretrainedFolder(path)
    let type = try folder.configuration.text("model_type") ?? ""
    guard let known = Self.architectures.first(where: { $0.modelType == type }) else {
      let names = Self.architectures.map { $0.modelType }.joined(separator: ", ")
      throw CompilerError(.unsupported, "\(folder.configuration.origin): 'model_type' is '\(type.inOneLine(limit: 40))'; known are: \(names)")
    }
    architecture = try known.init(folder, options)
    name = folder.name
    self.weights = weights
  }

  public func compiled() throws(CompilerError) -> CompiledModel {
    let (encoder, decoder) = (architecture.encoder, architecture.step)
    // What is handed on has the open lengths of both.
    let heard = weights == .float ? [] : Set(decoder.shapes.keys)
    var model = try compiled(encoder, behind: 0) { (program) throws(CompilerError) in program.narrowOutputs(named: heard) }
    // Both programs read one weight section.
    let start = (model.weights.count + 63) / 64 * 64
    let step = try compiled(decoder, behind: start) { (program) throws(CompilerError) in try program.narrowInputs(named: heard) }
    model.weights += [UInt8](repeating: 0, count: start - model.weights.count) + step.weights
    model.step = CompiledModel.Step(program: step.program, family: step.family)
    model.manifest = architecture.manifest(name: name)
    return model
  }

  private func compiled(
    _ part: SequencePart, behind start: Int, _ change: @escaping (inout Program) throws(CompilerError) -> Void
  ) throws(CompilerError) -> CompiledModel {
    var options = CompilationOptions()
    options.weights = weights
    let compilation = try OpenCompilation(part.model, name: name, options: options, shapes: part.shapes)
    return try compilation.compiled { (bound) throws(CompilerError) in
      var model = try bound.compiled()
      model.program.moveWeights(by: start)
      try change(&model.program)
      // What was added is no part of anything.
      model.parts.offsets += [Int](repeating: 0, count: model.program.tensors.count - model.parts.offsets.count)
      return model
    }
  }
}

extension Program {
  /// The same program where its weights lie further behind.
  fileprivate mutating func moveWeights(by distance: Int) {
    for index in tensors.indices {
      if case .weights(let offset) = tensors[index].storage { tensors[index].storage = .weights(offset: offset + distance) }
    }
  }
}
