public import Imaging
public import ModelFormat
public import ModelManifest

extension ImagePreparation {
  /// The preparation that a manifest's input declares, for the tensor that carries the input.
  public convenience init(input: ImageInput, tensor: TensorDescription) throws(ImagingError) {
    try self.init(
      settings: Settings(input),
      target: Target(elementType: tensor.elementType, quantisation: tensor.quantisation, dimensions: tensor.dimensions))
  }
}

extension ImagePreparation.Settings {
  public init(_ input: ImageInput) {
    self.init(
      width: input.width, height: input.height, colour: Colour(input.colour), fit: Fit(input.fit), anchor: input.anchor == .centre ? .centre : .topLeft,
      padding: input.padding, mean: input.mean, deviation: input.deviation)
  }
}

extension ImagePreparation.Settings.Colour {
  fileprivate init(_ colour: ImageInput.Colour) {
    switch colour {
    case .rgb: self = .rgb
    case .bgr: self = .bgr
    case .grey: self = .grey
    }
  }
}

extension ImagePreparation.Settings.Fit {
  fileprivate init(_ fit: ImageInput.Fit) {
    switch fit {
    case .letterbox: self = .letterbox
    case .stretch: self = .stretch
    case .crop: self = .crop
    }
  }
}
