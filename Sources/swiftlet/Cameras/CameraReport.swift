import Capture

/// What a camera offers, for people and for machines.
struct CameraReport {
  let device: CameraDevice

  init(_ device: CameraDevice) { self.device = device }

  var text: String {
    var lines = ["\(device.path): \(device.name) (\(device.driver), \(device.bus))", "formats"]
    for format in device.formats {
      // What a configuration calls it, where the driver has another name for it.
      let own = format.pixelFormat.map { $0.name == format.code.description ? "" : "  (format: \($0.name))" } ?? "  (converted by libv4l)"
      lines.append("  \(format.code)  \(format.description)\(own)")
      for size in format.sizes { lines.append("    \(Self.describe(size))") }
    }
    lines.append("controls")
    for control in device.controls { lines.append("  \(Self.describe(control))") }
    return lines.joined(separator: "\n") + "\n"
  }

  var json: JSON {
    .object([
      ("path", .string(device.path)), ("name", .string(device.name)), ("driver", .string(device.driver)), ("bus", .string(device.bus)),
      ("formats", .array(device.formats.map(Self.json))), ("controls", .array(device.controls.map(Self.json))),
    ])
  }

  private static func describe(_ size: CameraDeviceSize) -> String {
    let isSingle = size.widths.lowerBound == size.widths.upperBound && size.heights.lowerBound == size.heights.upperBound
    let largest = "\(size.widths.upperBound)x\(size.heights.upperBound)"
    let name = isSingle ? largest : "\(size.widths.lowerBound)x\(size.heights.lowerBound) to \(largest)"
    let rates = size.frameRates.map { rate in
      let most = DemoTable.decimal(rate.upperBound, 1)
      return rate.lowerBound == rate.upperBound ? most : "\(DemoTable.decimal(rate.lowerBound, 1)) to \(most)"
    }
    return rates.isEmpty ? name : "\(name)  \(rates.joined(separator: ", ")) frames/s"
  }

  private static func describe(_ control: CameraControl) -> String {
    var words = ["\(control.name) = \(control.value.map { "\($0)" } ?? "?")"]
    switch control.kind {
    case .menu: words.append("(\(control.menu.map { "\($0.value): \($0.name)" }.joined(separator: ", ")))")
    case .boolean: words.append("(0 or 1)")
    case .integer: words.append("(\(control.range.lowerBound) to \(control.range.upperBound)\(control.step > 1 ? ", steps of \(control.step)" : ""))")
    case .button, .other: break
    }
    if control.isReadOnly { words.append("read-only") }
    if control.isInactive { words.append("inactive") }
    return words.joined(separator: "  ")
  }

  private static func json(_ format: CameraDeviceFormat) -> JSON {
    .object([
      ("code", .string(format.code.description)), ("description", .string(format.description)),
      ("sizes", .array(format.sizes.map { .string(describe($0)) })),
    ])
  }

  private static func json(_ control: CameraControl) -> JSON {
    .object([
      ("name", .string(control.name)), ("value", control.value.map { JSON.integer($0) } ?? .null), ("least", .integer(control.range.lowerBound)),
      ("greatest", .integer(control.range.upperBound)), ("standard", .integer(control.standard)), ("read_only", .boolean(control.isReadOnly)),
    ])
  }
}
