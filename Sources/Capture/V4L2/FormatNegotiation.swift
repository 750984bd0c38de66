import Imaging

/// Which of a device's formats, at which size, serves the settings best.
struct FormatOffer: Equatable {
  var code: FourCC
  var width: Int
  var height: Int
  /// The most frames a second at this size; nil where the driver doesn't say.
  var fastestRate: Double?
}

/// Chooses among what a device offers.
enum FormatNegotiation {
  /// The best native offer, or nil where libv4l has to convert.
  ///
  /// The nearest size counts first, then whether the rate is reached (a USB camera may reach it only with JPEG), then how
  /// cheaply the format converts. What a sensor sends behind colour filters is no picture without its balance, and so none where it isn't
  /// asked for.
  ///
  /// - Parameter takesRaw: whether samples behind colour filters are asked for.
  static func choose(from offers: [FormatOffer], width: Int, height: Int, frameRate: Double?, format: PixelFormat?, takesRaw: Bool = false) -> FormatOffer? {
    func rank(_ offer: FormatOffer) -> (distance: Int, isSlow: Int, order: Int)? {
      guard let order = FourCC.native.firstIndex(where: { $0.code == offer.code }) else { return nil }
      if let format, FourCC.native[order].format != format { return nil }
      if format == nil, !takesRaw, case .sensor(let samples) = FourCC.native[order].format, samples.pattern != .none { return nil }
      let isSlow = if let frameRate, let fastest = offer.fastestRate { fastest < frameRate * 0.95 } else { false }
      return (abs(offer.width - width) + abs(offer.height - height), isSlow ? 1 : 0, order)
    }
    return offers.compactMap { offer in rank(offer).map { (offer, $0) } }.min { $0.1 < $1.1 }?.0
  }

  /// Each format at its size nearest to what is wanted. A driver that names no sizes is taken at its word for any.
  static func offers(of device: any VideoDevice, width: Int, height: Int) -> [FormatOffer] {
    device.formats().map { format in
      let sizes = format.sizes.map { $0.nearest(width: width, height: height) }
      let nearest = sizes.min { abs($0.width - width) + abs($0.height - height) < abs($1.width - width) + abs($1.height - height) }
      let size = nearest ?? (width, height)
      let rates = device.frameRates(of: format.code, width: size.width, height: size.height)
      return FormatOffer(code: format.code, width: size.width, height: size.height, fastestRate: rates.map(\.upperBound).max())
    }
  }
}
