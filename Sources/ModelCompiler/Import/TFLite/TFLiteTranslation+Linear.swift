import ModelGraph
import ONNX
import TFLite
import Tensors

/// Convolutions and matrix products.
extension TFLiteTranslation {
  static let linear: [String: Handler] = [
    "CONV_2D": { (translation, operation) throws(OperatorError) in try translation.convolution(operation, isDepthwise: false) },
    "DEPTHWISE_CONV_2D": { (translation, operation) throws(OperatorError) in try translation.convolution(operation, isDepthwise: true) },
    "TRANSPOSE_CONV": { (translation, operation) throws(OperatorError) in try translation.transposedConvolution(operation) },
    "FULLY_CONNECTED": { (translation, operation) throws(OperatorError) in try translation.fullyConnected(operation) },
    "BATCH_MATMUL": { (translation, operation) throws(OperatorError) in
      var sides: [String] = []
      for (position, adjoint) in ["adj_x", "adj_y"].enumerated() {
        let tensor = try translation.input(position, of: operation)
        let rank = translation.rank(of: tensor)
        guard rank >= 2 else { throw OperatorError(.invalid, "multiplies '\(translation.name(of: tensor))', which is no matrix") }
        let swapped = Array(0..<rank - 2) + [rank - 1, rank - 2]
        sides.append(operation.flag(adjoint) ? try translation.permuted(tensor, swapped) : try translation.value(tensor))
      }
      try translation.define(try translation.output(of: operation), translation.emit("MatMul", sides), .declared)
    },
  ]

  /// Padding by TFLite's rule, which is ONNX's: SAME puts the odd pixel behind.
  func automaticPadding(_ operation: TFLiteOperator) throws(OperatorError) -> ONNXAttribute {
    switch operation.integer("padding") {
    case 0: return .string("SAME_UPPER")
    case 1: return .string("VALID")
    default: throw OperatorError(.invalid, "has the impossible padding \(operation.integer("padding"))")
    }
  }

  func pair(_ operation: TFLiteOperator, _ height: String, _ width: String, default fallback: Int = 0) -> ONNXAttribute {
    .integers([Int64(operation.integer(height, default: fallback)), Int64(operation.integer(width, default: fallback))])
  }

  private mutating func convolution(_ operation: TFLiteOperator, isDepthwise: Bool) throws(OperatorError) {
    let (x, w) = (try input(0, of: operation), try input(1, of: operation))
    let (image, kernel) = (try dimensions(of: x, closed: [3]), dimensions(of: w))
    guard image.count == 4, kernel.count == 4 else { throw OperatorError(.invalid, "convolves \(image) by \(kernel); both have four axes") }
    // Weights are [O,H,W,I], of a depthwise convolution [1,H,W,O]: with one input channel a group both become [O,I,H,W].
    let weights = try permuted(w, isDepthwise ? [3, 0, 1, 2] : [0, 3, 1, 2])
    let groups = isDepthwise ? image[3] : kernel[3] > 0 && image[3] % kernel[3] == 0 ? image[3] / kernel[3] : 1
    var attributes: [String: ONNXAttribute] = [
      "kernel_shape": .integers([Int64(kernel[1]), Int64(kernel[2])]), "strides": pair(operation, "stride_h", "stride_w"),
      "dilations": pair(operation, "dilation_h_factor", "dilation_w_factor", default: 1), "group": .integer(Int64(groups)),
    ]
    if case .integers(let pads)? = operation.options[DilatedConvolutions.pads] {
      attributes["pads"] = .integers(pads.map { Int64($0) })
    } else {
      attributes["auto_pad"] = try automaticPadding(operation)
    }
    let inputs = [try value(x, .channelsFirst), weights] + (try bias(operation, x: x, weights: w, channels: isDepthwise ? kernel[3] : kernel[0]))
    try finish(operation, emit("Conv", inputs, attributes), .channelsFirst, isLinear: true)
  }

  /// The third input as a list of at most one name. An int32 bias is in units of input scale × weight scale, whatever the file says
  /// of its scale.
  private mutating func bias(_ operation: TFLiteOperator, x: Int, weights: Int, channels: Int) throws(OperatorError) -> [String] {
    guard let tensor = optionalInput(2, of: operation) else { return [] }
    guard model.tensors[tensor].type.elementType == .int32, values[tensor] == nil else { return [try value(tensor)] }
    guard let input = try form(of: x), let scales = model.tensors[weights].quantisation?.scales else {
      throw OperatorError(.unsupported, "adds whole numbers to real ones")
    }
    let form = BiasForm(tensor: tensor, weights: weights, inputScale: input.quantisation.scale)
    if let known = biases[form] { return [known] }
    let elements = try elements(of: tensor)
    guard elements.elementCount == channels else { throw OperatorError(.invalid, "adds \(elements.elementCount) biases to \(channels) channels") }
    let products = scales.map { input.quantisation.scale * $0 }
    let scale = constant(HostTensor(products, dimensions: products.count == 1 ? [] : [products.count]), "bias scales")
    let integers = constant(elements.reshaped(to: [channels]), "bias")
    let name = emit("DequantizeLinear", [integers, scale], ["axis": .integer(0)])
    biases[form] = name
    return [name]
  }

  /// Inputs: the output's shape, weights `[O,H,W,I]`, x, optional bias.
  private mutating func transposedConvolution(_ operation: TFLiteOperator) throws(OperatorError) {
    let (w, x) = (try input(1, of: operation), try input(2, of: operation))
    let (kernel, image, output) = (dimensions(of: w), try dimensions(of: x, closed: [1, 2, 3]), try output(of: operation))
    // A shape that follows from an open batch is computed; the file says what came out of it.
    let given = try input(0, of: operation)
    let shape = isConstant(given) ? try integers(given) : try dimensions(of: output, closed: [1, 2, 3])
    guard shape.count == 4, kernel.count == 4, image.count == 4, shape.allSatisfy({ 1...1 << 28 ~= $0 }) else {
      throw OperatorError(.invalid, "makes \(shape) of \(image) by \(kernel); all have four axes")
    }
    var attributes: [String: ONNXAttribute] = [
      "kernel_shape": .integers([Int64(kernel[1]), Int64(kernel[2])]), "strides": pair(operation, "stride_h", "stride_w"),
    ]
    if operation.integer("padding") == 0 {
      attributes["auto_pad"] = .string("SAME_UPPER")
      attributes["output_shape"] = .integers([Int64(shape[1]), Int64(shape[2])])
    } else {
      let natural = [("stride_h", 1), ("stride_w", 2)].map { operation.integer($0) * (image[$1] - 1) + kernel[$1] }
      guard shape[1] >= natural[0], shape[2] >= natural[1] else { throw OperatorError(.unsupported, "cuts its result without padding") }
      attributes["output_padding"] = .integers([Int64(shape[1] - natural[0]), Int64(shape[2] - natural[1])])
    }
    var described = operation
    described.inputs = [x, w, optionalInput(3, of: operation)]
    let inputs = [try value(x, .channelsFirst), try permuted(w, [3, 0, 1, 2])] + (try bias(described, x: x, weights: w, channels: kernel[0]))
    try finish(operation, emit("ConvTranspose", inputs, attributes), .channelsFirst, isLinear: true)
  }

  private mutating func fullyConnected(_ operation: TFLiteOperator) throws(OperatorError) {
    guard operation.integer("weights_format") == 0 else { throw OperatorError(.unsupported, "has shuffled weights") }
    let (x, w) = (try input(0, of: operation), try input(1, of: operation))
    let output = try output(of: operation)
    let matrix = dimensions(of: w)
    guard matrix.count == 2 else { throw OperatorError(.invalid, "multiplies by \(matrix), which is no matrix") }
    var rows = try value(x)
    if rank(of: x) != 2 || dimensions(of: x)[1] != matrix[1] { rows = emit("Reshape", [rows, constant([-1, matrix[1]])]) }
    let added = try bias(operation, x: x, weights: w, channels: matrix[0])
    guard values[w] == nil || isDequantisedConstant(w) else {
      // Two activations: a product without weights.
      var product = emit("MatMul", [rows, try permuted(w, [1, 0])])
      if let bias = added.first { product = emit("Add", [product, bias]) }
      return try finish(operation, shaped(product, like: x, as: output, matrix[0]))
    }
    let product = emit("Gemm", [rows, try value(w)] + added, ["transB": .integer(1)])
    guard rank(of: output) != 2 else { return try finish(operation, product, isLinear: true) }
    // Rounded as a matrix, where the product can be computed in 8 bits; its other shape moves nothing.
    try finish(operation, product, isLinear: true)
    values[output] = Names(declared: try shaped(values[output]!.declared!, like: x, as: output, matrix[0]))
  }

  /// Rows under the input's own axes (keep_num_dims).
  private mutating func shaped(_ rows: String, like x: Int, as output: Int, _ columns: Int) throws(OperatorError) -> String {
    guard rank(of: output) != 2 else { return rows }
    guard rank(of: output) == rank(of: x), rank(of: x) > 0 else {
      throw OperatorError(.invalid, "makes \(dimensions(of: output)) of \(dimensions(of: x))")
    }
    let shape = emit("Shape", [try value(x)], ["end": .integer(-1)])
    return emit("Reshape", [rows, emit("Concat", [shape, constant([columns])], ["axis": .integer(0)])])
  }

  /// Whether the tensor is a constant that the model itself brings into float32.
  private func isDequantisedConstant(_ tensor: Int) -> Bool {
    guard let producer = producers[tensor], producer.name == "DEQUANTIZE" || producer.name == "CAST" else {
      return false
    }
    return producer.inputs.allSatisfy { $0.map { isConstant($0) } ?? true }
  }
}
