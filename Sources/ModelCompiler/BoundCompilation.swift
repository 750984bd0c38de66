public import ONNX
public import Tensors

/// A model compiled for the very tensors that it is to run on: their dimensions are the inputs' dimensions, and an input whose
/// value decides shapes (the shape of a Reshape, the ends of a Slice, a branch's condition) becomes a constant.
public struct BoundCompilation: Sendable {
  public let model: CompiledModel
  /// The inputs whose values became part of the program; the others are its inputs.
  public let constants: Set<String>

  /// - Parameter inputs: by name, in the declared types.
  /// - Throws: `.unsupported` where no program can be made of it, or where nothing would be left to run.
  public init(_ model: ONNXModel, name: String, inputs: [String: HostTensor], options: CompilationOptions = CompilationOptions()) throws(CompilerError) {
    var options = options
    for (name, tensor) in inputs { options.shapes[name] = tensor.dimensions }
    // What has a value in the file is a constant there, and stays one with another value.
    let known = Set(model.graph.initialisers.map(\.name)).union(options.constants.keys).union(options.recipe?.constants.keys ?? [:].keys)
    var constants = Set(inputs.keys.filter { known.contains($0) })
    try Self.checkRange(of: inputs.filter { !constants.contains($0.key) })
    while true {
      for name in constants {
        options.constants[name] = inputs[name]
        options.shapes[name] = nil
      }
      guard constants.count < inputs.count || inputs.isEmpty else {
        throw CompilerError(.unsupported, "its shapes depend on the values of all its inputs")
      }
      do throws(CompilerError) {
        self.model = try ModelCompilation(model, name: name, options: options).compiled()
        self.constants = constants
        return
      } catch {
        let open = error.openInputs.filter { inputs[$0] != nil && !constants.contains($0) }
        guard error.code == .unsupported, !open.isEmpty else { throw error }
        constants.formUnion(open)
      }
    }
  }

  /// Programs compute in float32: a float64 value that would become infinite there is left to plain evaluation.
  private static func checkRange(of inputs: [String: HostTensor]) throws(CompilerError) {
    for (name, tensor) in inputs.sorted(by: { $0.key < $1.key }) where tensor.elementType == .float64 {
      if let value = tensor.values(as: Double.self).first(where: { $0.isFinite && !Float($0).isFinite }) {
        throw CompilerError(.unsupported, "input '\(name)' holds \(value), which is beyond the float32 that programs compute in")
      }
    }
  }
}
