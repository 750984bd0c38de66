import Inference
import ModelCompiler
import ModelManifest
import ONNX
import Tensors

/// Where raw tensors are run.
enum TensorBackend: String {
  case cpu
  case reference
  case cuda
}

/// Outputs of a model for raw tensors, and who computed them.
struct TensorRun {
  let backend: TensorBackend
  /// Why not on the CPU, where that was the wish.
  let note: String?
  /// In the model's order.
  let outputs: [(name: String, tensor: HostTensor)]

  /// Runs a package's program.
  init<Engine: Backend & ~Copyable>(
    _ package: ModelPackage, on tensors: [String: HostTensor], by backend: TensorBackend, _ engine: Engine.Type, options: Engine.Options
  ) throws {
    let session = try unsafe Session<Engine>(
      program: package.program, family: package.family, weights: package.weights, owner: package, options: options,
      onCopy: { unsafe package.release($0) })
    try Self.bindSizes(of: session, package, to: tensors)
    for (index, port) in session.program.inputs.enumerated() {
      // A state that isn't given begins with zeros.
      let zeros = HostTensor(
        elementType: port.declaredType, dimensions: port.declaredDimensions,
        bytes: [UInt8](repeating: 0, count: port.declaredDimensions.elementCount * port.declaredType.byteCount))
      try session.setInput(index, to: tensors[port.name] ?? zeros)
    }
    session.run()
    if let failure = session.failure { throw failure }
    guard session.faultCount == 0 else {
      throw CommandFailure("\(session.faultCount) indices that the model computed or was given lie outside the tensors that they index: look at the inputs")
    }
    self.backend = backend
    note = nil
    outputs = try session.program.outputs.enumerated().map { ($1.name, try session.output($0)) }
  }

  /// Binds what a package left open to the sizes of the tensors given.
  private static func bindSizes<Engine: Backend & ~Copyable>(of session: Session<Engine>, _ package: ModelPackage, to tensors: [String: HostTensor]) throws {
    guard let family = package.family else { return }
    guard let sizes = family.sizes(forInputs: package.program.inputs.map { tensors[$0.name]?.dimensions ?? $0.declaredDimensions }) else {
      let wanted = package.program.inputs.map { "\($0.name) \($0.declaredDimensions)" }.joined(separator: ", ")
      throw CommandFailure("the tensors' sizes don't fit together: the package takes \(wanted) or less in its open sizes")
    }
    try session.bind(sizes: sizes)
  }

  /// Compiles an ONNX model for the tensors and runs it; where that isn't possible, evaluates it plainly.
  /// - Parameters:
  ///   - demanded: the only backend to take; nil for what works.
  ///   - compilation: its options.
  ///   - run: runs what was compiled.
  init(
    _ model: ONNXModel, at path: String, on tensors: [String: HostTensor], demanded: TensorBackend?, _ compilation: CompilationOptions,
    _ run: (ModelPackage) throws -> TensorRun
  ) throws {
    guard demanded != .reference else {
      self = try TensorRun(model, evaluatedOn: tensors, note: nil)
      return
    }
    do {
      let bound = try BoundCompilation(model, name: FilePath.stem(of: path), inputs: tensors, options: compilation)
      let package = try ModelPackage(bound.model.file(), origin: path)
      self = try run(package)
    } catch let error as CompilerError where error.code == .unsupported && demanded == nil {
      self = try TensorRun(model, evaluatedOn: tensors, note: error.message)
    } catch let error as CompilerError where error.code == .invalid && demanded == nil {
      // What is wrong may lie in a branch that these inputs don't take.
      guard let run = try? TensorRun(model, evaluatedOn: tensors, note: error.message) else { throw error }
      self = run
    } catch let error as InferenceError where error.code == .unsupported && demanded == nil {
      self = try TensorRun(model, evaluatedOn: tensors, note: error.message)
    }
  }

  private init(_ model: ONNXModel, evaluatedOn tensors: [String: HostTensor], note: String?) throws {
    let results = try ReferenceEvaluation(model).outputs(for: tensors)
    backend = .reference
    self.note = note
    outputs = Array(zip(model.graph.outputs.map(\.name), results))
  }
}

extension TensorRun {
  var text: String { outputs.map { "\($0.name): \($0.tensor.elementType.name) \($0.tensor.dimensions)\n" }.joined() }

  var json: JSON {
    let described = outputs.map { output in
      JSON.object([
        ("name", .string(output.name)), ("type", .string("\(output.tensor.elementType.name)")),
        ("dimensions", .array(output.tensor.dimensions.map { .integer($0) })),
      ])
    }
    return .object([("backend", .string(backend.rawValue)), ("outputs", .array(described))])
  }
}
