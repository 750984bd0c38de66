import Glibc
import Imaging

/// From a name to a running stream. Each failure says what to do; the camera tries again by itself.
extension V4L2Camera {
  func openStream() throws(CaptureError) -> MappedStream {
    let device = try openDevice()
    do throws(CaptureError) {
      try identify(device)
      let format = try negotiate(device)
      setFrameRate(device)
      try setControls(device)
      let count = settings.bufferCount + 1
      return try attempt("start streaming") { () throws(SystemFailure) in
        try MappedStream(device: device, format: format, frameRate: device.frameRate(), bufferCount: count)
      }
    } catch {
      device.close()
      throw error
    }
  }

  private func openDevice() throws(CaptureError) -> any VideoDevice {
    try attempt("be opened") { () throws(SystemFailure) in try system.open(path) }
  }

  private func attempt<Result>(_ what: String, _ body: () throws(SystemFailure) -> Result) throws(CaptureError) -> Result {
    do throws(SystemFailure) {
      return try body()
    } catch {
      throw explain(error, doing: what)
    }
  }

  private func explain(_ failure: SystemFailure, doing what: String) -> CaptureError {
    switch failure.number {
    case ENOENT, ENODEV, ENXIO:
      CaptureError(.notFound, "\(path) isn't there; plug the camera in, or choose one that ‘swiftlet camera list’ shows")
    case EACCES:
      CaptureError(.noPermission, "\(path) may not be opened; add this user to the group ‘video’")
    case EPERM:
      CaptureError(.noPermission, CameraDevice.isWithheld(path))
    case EBUSY:
      CaptureError(.busy, "\(path) is used by another program; end that program")
    case ENOTTY:
      CaptureError(.unsupported, "\(path) is no camera; choose one that ‘swiftlet camera list’ shows")
    case EPIPE, ENOLINK:
      CaptureError(
        .badSetting,
        "\(path) can't \(what): the links or formats of the media device before it don't agree (\(systemMessage(failure.number))); set them with media-ctl")
    case let number:
      CaptureError(.inputOutput, "\(path) can't \(what) (\(systemMessage(number))); try another port or power the camera off and on")
    }
  }

  private func identify(_ device: any VideoDevice) throws(CaptureError) {
    let identity = try attempt("say what it is") { () throws(SystemFailure) in try device.identity() }
    guard identity.captures else {
      throw CaptureError(.unsupported, "\(path) (\(identity.card)) is no camera; choose one that ‘swiftlet camera list’ shows")
    }
    guard identity.streams else {
      throw CaptureError(.unsupported, "\(path) (\(identity.card)) can't stream into mapped memory; choose another device")
    }
  }

  /// Sets the format that serves best, by libv4l's conversion where the driver has none that we read.
  private func negotiate(_ device: any VideoDevice) throws(CaptureError) -> VideoFormat {
    let current = try attempt("say its format") { () throws(SystemFailure) in try device.currentFormat() }
    let size = settings.size ?? (current.width, current.height)
    let offers = FormatNegotiation.offers(of: device, width: size.width, height: size.height)
    func choose(takesRaw: Bool) -> FormatOffer? {
      FormatNegotiation.choose(
        from: offers, width: size.width, height: size.height, frameRate: settings.frameRate, format: settings.format, takesRaw: takesRaw)
    }
    if let chosen = choose(takesRaw: settings.balance != nil), let format = try set(chosen, on: device) { return try checked(format) }
    if let wanted = settings.format { throw refusal(of: wanted, offers) }
    do throws(CaptureError) { return try checked(convert(device, width: size.width, height: size.height, offers)) } catch {
      // Better than none.
      guard let raw = choose(takesRaw: true), let format = try set(raw, on: device) else { throw error }
      return try checked(format)
    }
  }

  /// - Returns: what the driver made of it; nil where that is another format than the one that was asked for, or none that we read.
  private func set(_ chosen: FormatOffer, on device: any VideoDevice) throws(CaptureError) -> VideoFormat? {
    let format = try attempt("take a format") { () throws(SystemFailure) in
      try device.setFormat(chosen.code, width: chosen.width, height: chosen.height)
    }
    guard let pixelFormat = format.code.pixelFormat, settings.format ?? pixelFormat == pixelFormat else { return nil }
    return format
  }

  private func checked(_ format: VideoFormat) throws(CaptureError) -> VideoFormat {
    guard (1...16_384).contains(format.width), (1...16_384).contains(format.height) else {
      throw CaptureError(.unsupported, "\(path) says that its frames are \(format.width)x\(format.height); choose another size")
    }
    if let pixelFormat = format.code.pixelFormat, pixelFormat != .mjpeg, format.pixelPlanes == nil {
      throw CaptureError(
        .unsupported,
        "\(path) says that \(pixelFormat.name) lies in \(max(format.memoryPlanes.count, 1)) parts of memory, which it can't; choose another format"
      )
    }
    guard let balance = settings.balance else { return format }
    guard case .sensor(let samples) = format.code.pixelFormat else {
      let name = format.code.pixelFormat?.name ?? format.code.description
      throw CaptureError(
        .badSetting, "\(path): ‘black_level’ and ‘white_balance’ are for a sensor's raw samples, and it sends \(name); remove them, or set ‘format’")
    }
    guard balance.blackLevel < 1 << samples.bits - 1 else {
      throw CaptureError(
        .badSetting, "\(path): a black level of \(balance.blackLevel) leaves nothing of \(samples.bits) bits; take less than \(1 << samples.bits - 1)")
    }
    var format = format
    format.balance = balance
    return format
  }

  private func refusal(of format: PixelFormat, _ offers: [FormatOffer]) -> CaptureError {
    CaptureError(.unsupported, "\(path) doesn't offer \(format.name); it has \(Self.list(offers)); choose one of them or leave ‘format’ away")
  }

  private static func list(_ offers: [FormatOffer]) -> String {
    offers.isEmpty ? "no format" : offers.map(\.code.description).joined(separator: ", ")
  }

  private func convert(_ device: any VideoDevice, width: Int, height: Int, _ offers: [FormatOffer]) throws(CaptureError) -> VideoFormat {
    do throws(SystemFailure) {
      try device.useConverter()
      let format = try device.setFormat(FourCC("RGB3"), width: width, height: height)
      if format.code.pixelFormat != nil { return format }
    } catch {
      if error.number == ENOSYS {
        throw CaptureError(.unsupported, "\(path) offers only \(Self.list(offers)), which needs libv4l to convert; install the package libv4l-0")
      }
    }
    throw CaptureError(.unsupported, "\(path) offers only \(Self.list(offers)), which can't be converted; choose another camera")
  }

  /// A device without a settable rate keeps its own; the state tells which.
  private func setFrameRate(_ device: any VideoDevice) {
    if let rate = settings.frameRate, rate.isFinite { _ = try? device.setFrameRate(rate) }
  }

  private func setControls(_ device: any VideoDevice) throws(CaptureError) {
    guard !settings.controls.isEmpty else { return }
    let known = device.controls()
    for wanted in settings.controls {
      guard let control = known.first(where: { $0.name == wanted.name && !$0.isReadOnly }) else {
        let names = known.filter { !$0.isReadOnly }.map(\.name).joined(separator: ", ")
        throw CaptureError(.badSetting, "\(path) has no control ‘\(wanted.name)’; it has \(names.isEmpty ? "none" : names)")
      }
      guard control.range.contains(wanted.value) else {
        let range = "\(control.range.lowerBound) to \(control.range.upperBound)"
        throw CaptureError(.badSetting, "\(path): the control ‘\(control.name)’ can't be \(wanted.value); take \(range)")
      }
      do throws(SystemFailure) {
        try device.setControl(control.id, to: wanted.value)
      } catch {
        throw CaptureError(.inputOutput, "\(path): the control ‘\(control.name)’ can't be set to \(wanted.value) (\(systemMessage(error.number)))")
      }
    }
  }
}

extension MappedStream {
  var description: StreamFormat {
    StreamFormat(
      pixelFormat: format.code.pixelFormat ?? .rgb24, encoding: format.colourEncoding, width: format.width, height: format.height,
      frameRate: frameRate)
  }
}
