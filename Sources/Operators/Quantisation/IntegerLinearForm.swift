import ModelFormat
import ModelGraph
import Tensors

/// A product of 8-bit integers with constant weights that gives int32: what ConvInteger and MatMulInteger share.
struct IntegerLinearForm {
  var input: ValueID
  /// One 8-bit integer, constant or computed.
  var inputZeroPoint: ValueID?
  var layout: Layout
  /// As `[N,H,W,C]`.
  var inputImage: [Int]
  var outputImage: [Int]
  /// `[O,kH,kW,I]`
  var weights: HostTensor
  var weightZeroPoint: ValueID?
  var output: ValueID
  var strides = HeightWidth(1, 1)
  var dilations = HeightWidth(1, 1)
  var padding = Padding.zero
  var groups: Int32 = 1

  func lower(into lowering: inout Lowering) throws(OperatorError) {
    let name = lowering.graph[output].name
    var zeroPoints: TensorIndex?
    if let weightZeroPoint {
      guard let constant = lowering.graph[weightZeroPoint].constant else {
        throw OperatorError(.unsupported, "the weights' zero point is computed by the model; only a constant is supported")
      }
      zeroPoints = lowering.addConstant(constant.reshaped(to: [constant.elementCount]), name: "\(name).zero-points")
    }
    let x = lowering.operand(input, layout: layout, as: .plain)
    let zero = inputZeroPoint.map { lowering.operand($0, layout: .identity(rank: lowering.dimensions(of: $0).count), as: .plain) }
    let y = lowering.result(output, layout: layout, as: .plain)
    lowering.emit(
      .integerConvolution(
        IntegerConvolution(
          input: lowering.addView(of: x, dimensions: inputImage), inputZeroPoint: zero, weights: lowering.addConstant(weights, name: "\(name).weights"),
          weightZeroPoints: zeroPoints, output: lowering.addView(of: y, dimensions: outputImage), strides: strides, dilations: dilations,
          padding: padding, groups: groups)))
  }
}
