import Glibc

/// Failures in a person's words, with what to do.
extension MicrophoneCapture {
  func explain(_ failure: SoundFailure, doing what: String) -> SoundCaptureError {
    if let message = failure.message {
      return SoundCaptureError(failure.number == ENOENT ? .notFound : .unsupported, message)
    }
    return switch failure.number {
    case ENOENT, ENODEV, ENXIO: SoundCaptureError(.notFound, "there is no capture device ‘\(device)’; \(Self.list(system.captureDevices()))")
    case EACCES: SoundCaptureError(.noPermission, "\(device) may not be opened; add this user to the group ‘audio’")
    case EPERM:
      SoundCaptureError(
        .noPermission,
        "\(device) is kept from this process; let it through: in a service by ‘DeviceAllow=char-116 rw’, in a container by its own list of devices")
    case EBUSY, EAGAIN:
      SoundCaptureError(.busy, "\(device) is used by another program; end that program, or capture through a device that shares, such as ‘default’")
    case let number: SoundCaptureError(.inputOutput, "\(device) can't \(what) (\(systemMessage(number))); plug it in again or choose another")
    }
  }

  func explain(_ failure: SoundNegotiation.Failure) -> SoundCaptureError {
    switch failure {
    case .system(let failure): explain(failure, doing: "be set up")
    case .format:
      SoundCaptureError(
        .unsupported,
        "\(device) offers none of the sample formats \(SoundNegotiation.allFormats.map(\.rawValue).joined(separator: ", ")); let ALSA convert: name it as plughw"
      )
    case .outOfBounds(let rate, let channels, let period):
      SoundCaptureError(
        .unsupported, "\(device) offers \(channels) channels of \(rate) samples a second in periods of \(period), which can't be used; choose another")
    }
  }

  private static func list(_ devices: [CaptureDevice]) -> String {
    devices.isEmpty ? "this machine has none" : "this machine has \(devices.map(\.description).joined(separator: ", "))"
  }
}
