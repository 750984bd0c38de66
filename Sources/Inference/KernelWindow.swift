public import CKernels
public import ModelFormat

/// How a kernel goes over images `[N,H,W,C]`.
extension swl_window {
  public init(input: [Int], output: [Int], kernel: HeightWidth, strides: HeightWidth, dilations: HeightWidth, padding: Padding) {
    self.init(
      batch: Int32(input[0]), input_height: Int32(input[1]), input_width: Int32(input[2]), input_channels: Int32(input[3]),
      output_height: Int32(output[1]), output_width: Int32(output[2]), output_channels: Int32(output[3]), kernel_height: kernel.height,
      kernel_width: kernel.width, stride_height: strides.height, stride_width: strides.width, dilation_height: dilations.height,
      dilation_width: dilations.width, pad_top: padding.top, pad_left: padding.left, pad_bottom: padding.bottom, pad_right: padding.right)
  }

  /// Pixels under the kernel.
  public var taps: Int { Int(kernel_height) * Int(kernel_width) }
  /// Output lines of all images.
  public var rows: Int { Int(batch) * Int(output_height) }

  /// Whether output pixel `i` reads exactly input pixel `i`.
  public var isPointwise: Bool {
    taps == 1 && stride_height == 1 && stride_width == 1 && pad_top == 0 && pad_left == 0 && output_height == input_height && output_width == input_width
  }
}
