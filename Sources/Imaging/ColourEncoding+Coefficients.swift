import CImaging

extension ColourEncoding {
  /// The conversion in 13 bits: 8192 × the factors of ITU-R BT.601 (Kr 0.299, Kb 0.114) and BT.709 (Kr 0.2126, Kb 0.0722),
  /// limited range stretched by 255/219 for Y and 255/224 for U and V.
  var coefficients: swl_colour_coefficients {
    switch self {
    case .bt601Limited: swl_colour_coefficients(y_offset: 16, y_scale: 9539, r_v: 13075, g_u: 3209, g_v: 6660, b_u: 16525)
    case .bt601Full: swl_colour_coefficients(y_offset: 0, y_scale: 8192, r_v: 11485, g_u: 2819, g_v: 5850, b_u: 14516)
    case .bt709Limited: swl_colour_coefficients(y_offset: 16, y_scale: 9539, r_v: 14686, g_u: 1747, g_v: 4366, b_u: 17305)
    case .bt709Full: swl_colour_coefficients(y_offset: 0, y_scale: 8192, r_v: 12901, g_u: 1535, g_v: 3835, b_u: 15201)
    }
  }
}
