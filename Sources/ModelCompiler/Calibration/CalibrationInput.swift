public import ModelManifest

/// What a calibration set shows, as files, and how each of them becomes the model's input.
public enum CalibrationInput: Sendable {
  case image(ImageInput)
  case sound(SoundInput)

  /// The input's name.
  var tensor: String {
    switch self {
    case .image(let image): image.tensor
    case .sound(let sound): sound.tensor
    }
  }
}
