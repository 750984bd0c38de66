public import ONNX
public import TFLite

extension ONNXModel {
  /// A TFLite model in ONNX's terms: what everything that takes an ONNX model takes as well. 8-bit tensors keep the file's own scales, inputs
  /// and outputs their names, types and NHWC shapes.
  /// - Throws: `.unsupported` with all that this version doesn't have, by TFLite's names; `.invalid` for graphs that make no sense.
  public init(_ model: TFLiteModel) throws(CompilerError) {
    self = try TFLiteTranslation.onnx(of: model)
  }
}

extension ModelCompilation {
  /// Imports and checks a TFLite model.
  /// - Parameter name: the manifest's name where no recipe gives one.
  public init(_ model: TFLiteModel, name: String, options: CompilationOptions = CompilationOptions()) throws(CompilerError) {
    try self.init(ONNXModel(model), name: name, options: options)
  }
}
