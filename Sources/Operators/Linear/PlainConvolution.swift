import ModelFormat
import Tensors

/// The convolution's plain evaluation over any number of spatial axes, channels first, summed in double.
struct PlainConvolution {
  /// `[N,C,…]`
  let x: HostTensor
  /// `[O,C/groups,…]`
  let weights: HostTensor
  /// `[O]`
  let bias: HostTensor?
  let spatial: SpatialWindow.Resolved
  let groups: Int

  /// The result in the input's own floating-point type.
  func run() -> HostTensor {
    let (batch, channels) = (x.dimensions[0], weights.dimensions[1])
    let (outputs, taps) = (weights.dimensions[0], weights.dimensions[2...].reduce(1, *))
    let inputPlane = x.dimensions[2...].reduce(1, *)
    let outputPlane = spatial.output.reduce(1, *)
    let source = x.doubles()
    let kernel = weights.doubles()
    let offsets = bias?.doubles() ?? [Double](repeating: 0, count: outputs)
    var result = [Double](repeating: 0, count: batch * outputs * outputPlane)
    var position = 0
    forEachIndex(spatial.output) { index in
      let window = spatial.taps(at: index)
      for n in 0..<batch {
        for o in 0..<outputs {
          let firstChannel = o / (outputs / groups) * channels
          var sum = offsets[o]
          for c in 0..<channels {
            let plane = (n * groups * channels + firstChannel + c) * inputPlane
            let row = (o * channels + c) * taps
            for tap in window { sum += source[plane + tap.input] * kernel[row + tap.kernel] }
          }
          result[(n * outputs + o) * outputPlane + position] = sum
        }
      }
      position += 1
    }
    return HostTensor(doubles: result, as: x.elementType, dimensions: [batch, outputs] + spatial.output)
  }
}
