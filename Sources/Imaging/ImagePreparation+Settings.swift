public import Tensors

extension ImagePreparation {
  /// How an image becomes a tensor: `tensor value = (pixel 0…255 − mean) ÷ deviation`, a channel at a time.
  public struct Settings: Equatable, Sendable {
    public enum Colour: Sendable { case rgb, bgr, grey }
    public enum Fit: Sendable {
      /// Keep the aspect ratio, fill the rest with `padding`.
      case letterbox
      /// Fill both sides, ignoring the aspect ratio.
      case stretch
      /// Keep the aspect ratio, fill both sides, and cut what lies outside around the centre.
      case crop
    }
    public enum Anchor: Sendable { case topLeft, centre }

    /// Pixels of the tensor.
    public var width: Int
    public var height: Int
    public var colour: Colour
    public var fit: Fit
    /// Where a letterboxed image lies.
    public var anchor: Anchor
    /// Pixel value (0…255) around a letterboxed image.
    public var padding: Float
    /// One value a channel, in the tensor's channel order.
    public var mean: [Float]
    public var deviation: [Float]

    public init(
      width: Int, height: Int, colour: Colour = .rgb, fit: Fit = .letterbox, anchor: Anchor = .centre, padding: Float = 114, mean: [Float] = [0, 0, 0],
      deviation: [Float] = [1, 1, 1]
    ) {
      self.width = width
      self.height = height
      self.colour = colour
      self.fit = fit
      self.anchor = anchor
      self.padding = padding
      self.mean = mean
      self.deviation = deviation
    }

    var channelCount: Int { colour == .grey ? 1 : 3 }
  }

  /// The tensor that is filled: `[1, height, width, channels]`, channels innermost.
  public struct Target: Equatable, Sendable {
    /// `float32`, or `uint8` and `int8` with a quantisation.
    public var elementType: ElementType
    public var quantisation: Quantisation?
    public var dimensions: [Int]

    public init(elementType: ElementType, quantisation: Quantisation? = nil, dimensions: [Int]) {
      self.elementType = elementType
      self.quantisation = quantisation
      self.dimensions = dimensions
    }
  }

  static func validate(_ settings: Settings, for target: Target) throws(ImagingError) {
    let channels = settings.channelCount
    guard settings.width > 0, settings.height > 0, ImageBounds.allow(width: settings.width, height: settings.height) else {
      throw ImagingError(.invalidSettings, "an input of \(settings.width)×\(settings.height) pixels is impossible: give the model's width and height")
    }
    guard target.dimensions == [1, settings.height, settings.width, channels] else {
      throw ImagingError(
        .invalidSettings,
        "the input tensor is \(target.dimensions), but an image of \(settings.width)×\(settings.height) pixels with \(channels) channel(s) needs "
          + "[1, \(settings.height), \(settings.width), \(channels)]: correct the recipe's width, height or colour")
    }
    guard settings.mean.count == channels, settings.deviation.count == channels else {
      throw ImagingError(.invalidSettings, "mean and deviation need \(channels) value(s) each, one a channel")
    }
    guard settings.deviation.allSatisfy({ $0.isFinite && $0 != 0 }), settings.mean.allSatisfy({ $0.isFinite }), settings.padding.isFinite else {
      throw ImagingError(.invalidSettings, "mean, deviation and padding must be numbers, deviation not 0")
    }
    switch target.elementType {
    case .float32: break
    case .uint8, .int8:
      guard let quantisation = target.quantisation, quantisation.scale.isFinite, quantisation.scale > 0 else {
        throw ImagingError(.invalidSettings, "an input tensor of \(target.elementType.name) needs a quantisation with a scale above 0")
      }
    default: throw ImagingError(.invalidSettings, "images fill tensors of float32, uint8 or int8, not \(target.elementType.name)")
    }
  }
}
