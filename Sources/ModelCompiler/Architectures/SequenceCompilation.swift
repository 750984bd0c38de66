import ModelFormat
import ModelManifest
import ONNX

/// A family of pretrained sequence models: an encoder that runs once, and a step that runs for each token.
protocol SequenceArchitecture: Sendable, SendableMetatype {
  /// What `config.json` calls it.
  static var modelType: String { get }

  init(_ folder: borrowing PretrainedFolder) throws(CompilerError)

  var encoder: SequencePart { get }
  var step: SequencePart { get }
  func manifest(name: String) -> Manifest
}

/// A graph and the bounds of its open lengths.
struct SequencePart {
  var model: ONNXModel
  var shapes: [String: [AxisSize]]
}

/// From a folder of a pretrained sequence model to one package.
public struct SequenceCompilation {
  /// Every architecture that is known.
  private static let architectures: [any SequenceArchitecture.Type] = [Moonshine.self]

  private let architecture: any SequenceArchitecture
  private let name: String
  private let weights: WeightPrecision

  /// Reads the folder's files and checks that they fit each other.
  public init(folder path: String, weights: WeightPrecision = .float) throws(CompilerError) {
    let folder = try PretrainedFolder(path)
    let type = try folder.configuration.text("model_type") ?? ""
    guard let known = Self.architectures.first(where: { $0.modelType == type }) else {
      let names = Self.architectures.map { $0.modelType }.joined(separator: ", ")
      throw CompilerError(.unsupported, "\(folder.configuration.origin): 'model_type' is '\(type.inOneLine(limit: 40))'; known are: \(names)")
    }
    architecture = try known.init(folder)
    name = folder.name
    self.weights = weights
  }

  public func compiled() throws(CompilerError) -> CompiledModel {
    var model = try compiled(architecture.encoder, behind: 0)
    // Both programs read one weight section.
    let start = (model.weights.count + 63) / 64 * 64
    let step = try compiled(architecture.step, behind: start)
    model.weights += [UInt8](repeating: 0, count: start - model.weights.count) + step.weights
    model.step = CompiledModel.Step(program: step.program, family: step.family)
    model.manifest = architecture.manifest(name: name)
    return model
  }

  private func compiled(_ part: SequencePart, behind start: Int) throws(CompilerError) -> CompiledModel {
    var options = CompilationOptions()
    options.weights = weights
    let compilation = try OpenCompilation(part.model, name: name, options: options, shapes: part.shapes)
    return try compilation.compiled { (bound) throws(CompilerError) in
      var model = try bound.compiled()
      model.program.moveWeights(by: start)
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
