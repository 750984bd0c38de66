/// One field of an operator's options table. What no translation asks for isn't listed, and isn't read.
struct OptionField {
  enum Kind {
    /// A choice or a truth value.
    case byte
    case int
    case float
    case ints
  }

  let number: Int
  let name: String
  let kind: Kind

  init(_ number: Int, _ name: String, _ kind: Kind) {
    self.number = number
    self.name = name
    self.kind = kind
  }

  /// The fields of a member of the schema's `BuiltinOptions` union, by its number.
  static func fields(ofOptions type: Int) -> [OptionField] { table[type] ?? [] }

  private static func activation(_ number: Int) -> OptionField { OptionField(number, "fused_activation_function", .byte) }

  private static let window = [OptionField(0, "padding", .byte), OptionField(1, "stride_w", .int), OptionField(2, "stride_h", .int)]

  private static let table: [Int: [OptionField]] = [
    // Conv2DOptions
    1: window + [activation(3), OptionField(4, "dilation_w_factor", .int), OptionField(5, "dilation_h_factor", .int)],
    // DepthwiseConv2DOptions
    2: window + [
      OptionField(3, "depth_multiplier", .int), activation(4), OptionField(5, "dilation_w_factor", .int), OptionField(6, "dilation_h_factor", .int),
    ],
    // Pool2DOptions
    5: window + [OptionField(3, "filter_width", .int), OptionField(4, "filter_height", .int), activation(5)],
    // FullyConnectedOptions
    8: [activation(0), OptionField(1, "weights_format", .byte), OptionField(2, "keep_num_dims", .byte)],
    // SoftmaxOptions
    9: [OptionField(0, "beta", .float)],
    // ConcatenationOptions
    10: [OptionField(0, "axis", .int), activation(1)],
    // AddOptions
    11: [activation(0)],
    // L2NormOptions
    12: [activation(0)],
    // LocalResponseNormalizationOptions
    13: [OptionField(0, "radius", .int), OptionField(1, "bias", .float), OptionField(2, "alpha", .float), OptionField(3, "beta", .float)],
    // ResizeBilinearOptions
    15: [OptionField(2, "align_corners", .byte), OptionField(3, "half_pixel_centers", .byte)],
    // ReshapeOptions
    17: [OptionField(0, "new_shape", .ints)],
    // SpaceToDepthOptions
    19: [OptionField(0, "block_size", .int)],
    // MulOptions
    21: [activation(0)],
    // GatherOptions
    23: [OptionField(0, "axis", .int), OptionField(1, "batch_dims", .int)],
    // ReducerOptions
    27: [OptionField(0, "keep_dims", .byte)],
    // SubOptions
    28: [activation(0)],
    // DivOptions
    29: [activation(0)],
    // SqueezeOptions
    30: [OptionField(0, "squeeze_dims", .ints)],
    // StridedSliceOptions
    32: [
      OptionField(0, "begin_mask", .int), OptionField(1, "end_mask", .int), OptionField(2, "ellipsis_mask", .int), OptionField(3, "new_axis_mask", .int),
      OptionField(4, "shrink_axis_mask", .int), OptionField(5, "offset", .byte),
    ],
    // SplitOptions
    35: [OptionField(0, "num_splits", .int)],
    // CastOptions
    37: [OptionField(0, "in_data_type", .byte), OptionField(1, "out_data_type", .byte)],
    // TransposeConvOptions
    49: window + [activation(3)],
    // PackOptions
    59: [OptionField(0, "values_count", .int), OptionField(1, "axis", .int)],
    // OneHotOptions
    61: [OptionField(0, "axis", .int)],
    // UnpackOptions
    64: [OptionField(0, "num", .int), OptionField(1, "axis", .int)],
    // ResizeNearestNeighborOptions
    74: [OptionField(0, "align_corners", .byte), OptionField(1, "half_pixel_centers", .byte)],
    // LeakyReluOptions
    75: [OptionField(0, "alpha", .float)],
    // MirrorPadOptions
    77: [OptionField(0, "mode", .byte)],
    // SplitVOptions
    79: [OptionField(0, "num_splits", .int)],
    // DepthToSpaceOptions
    94: [OptionField(0, "block_size", .int)],
    // BatchMatMulOptions
    101: [OptionField(0, "adj_x", .byte), OptionField(1, "adj_y", .byte)],
    // CumsumOptions
    102: [OptionField(0, "exclusive", .byte), OptionField(1, "reverse", .byte)],
    // GeluOptions
    116: [OptionField(0, "approximate", .byte)],
  ]
}
