import ModelFormat
import Tensors

/// The convolution's plain evaluation, NCHW (one spatial axis as width), summed in double.
struct PlainConvolution {
  let x: HostTensor
  let weights: HostTensor
  let bias: HostTensor?
  let spatial: SpatialWindow.Resolved
  let groups: Int

  func run() -> HostTensor {
    let image = { (dimensions: [Int]) in dimensions.count == 3 ? [dimensions[0], dimensions[1], 1, dimensions[2]] : dimensions }
    let xd = image(x.dimensions)
    let wd = image(weights.dimensions)
    let outputDimensions = [x.dimensions[0], weights.dimensions[0]] + spatial.output
    let yd = image(outputDimensions)
    let source = x.floats()
    let kernel = weights.floats()
    let offsets = bias?.floats()
    var result = [Float](repeating: 0, count: yd.elementCount)
    var position = 0
    for n in 0..<yd[0] {
      for o in 0..<yd[1] {
        let firstChannel = o / (yd[1] / groups) * wd[1]
        for row in 0..<yd[2] {
          for column in 0..<yd[3] {
            var sum = Double(offsets?[o] ?? 0)
            for ky in 0..<wd[2] {
              let y = row * Int(spatial.strides.height) + ky * Int(spatial.dilations.height) - Int(spatial.padding.top)
              guard 0..<xd[2] ~= y else { continue }
              for kx in 0..<wd[3] {
                let xPosition = column * Int(spatial.strides.width) + kx * Int(spatial.dilations.width) - Int(spatial.padding.left)
                guard 0..<xd[3] ~= xPosition else { continue }
                for c in 0..<wd[1] {
                  let a = source[((n * xd[1] + firstChannel + c) * xd[2] + y) * xd[3] + xPosition]
                  sum += Double(a) * Double(kernel[((o * wd[1] + c) * wd[2] + ky) * wd[3] + kx])
                }
              }
            }
            result[position] = Float(sum)
            position += 1
          }
        }
      }
    }
    return HostTensor(result, dimensions: outputDimensions)
  }
}
