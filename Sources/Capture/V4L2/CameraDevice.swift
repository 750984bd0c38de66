public import Imaging

/// A camera that the kernel knows, and what it offers.
public struct CameraDevice: Sendable, Equatable {
  /// `/dev/video0`
  public var path: String
  /// The name that the driver gives it.
  public var name: String
  public var driver: String
  /// Where it is plugged in: `usb-0000:00:14.0-2`.
  public var bus: String
  public var formats: [CameraDeviceFormat]
  public var controls: [CameraControl]
}

/// A pixel format that a camera offers.
public struct CameraDeviceFormat: Sendable, Equatable {
  public var code: FourCC
  public var description: String
  /// Nil where libv4l has to convert it.
  public var pixelFormat: PixelFormat? { code.pixelFormat }
  public var sizes: [CameraDeviceSize]
}

/// A frame size, or a range of them.
public struct CameraDeviceSize: Sendable, Equatable {
  /// Pixels; a single size has equal bounds.
  public var widths: ClosedRange<Int>
  public var widthStep: Int
  public var heights: ClosedRange<Int>
  public var heightStep: Int
  /// Frames a second at this size (for a range: at its largest): single rates have equal bounds. Empty where the driver
  /// doesn't say.
  public var frameRates: [ClosedRange<Double>]

  /// The size in this range that comes nearest.
  func nearest(width: Int, height: Int) -> (width: Int, height: Int) {
    (Self.align(width, to: widths, step: widthStep), Self.align(height, to: heights, step: heightStep))
  }

  private static func align(_ value: Int, to range: ClosedRange<Int>, step: Int) -> Int {
    let held = min(max(value, range.lowerBound), range.upperBound)
    let step = max(step, 1)
    let steps = (held - range.lowerBound + step / 2) / step
    return min(range.lowerBound + steps * step, range.upperBound)
  }
}

/// A setting of the device itself: exposure, gain, white balance.
public struct CameraControl: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    case integer, boolean, menu, button, other
  }

  public var id: UInt32
  /// Lower case, words joined by underscores: `exposure_auto`.
  public var name: String
  public var kind: Kind
  public var range: ClosedRange<Int>
  public var step: Int
  public var standard: Int
  /// Nil where it can't be read.
  public var value: Int?
  public var isReadOnly: Bool
  /// Without effect while another control rules it (exposure while it is automatic).
  public var isInactive: Bool
  /// A menu's values and their names.
  public var menu: [(value: Int, name: String)]

  public static func == (left: Self, right: Self) -> Bool {
    left.id == right.id && left.name == right.name && left.kind == right.kind && left.range == right.range && left.step == right.step
      && left.standard == right.standard && left.value == right.value && left.isReadOnly == right.isReadOnly
      && left.isInactive == right.isInactive && left.menu.elementsEqual(right.menu, by: ==)
  }

  /// The driver's name in lower case, each run of other characters than letters and digits one underscore.
  static func normalise(_ name: String) -> String {
    var normalised: [UInt8] = []
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): normalised.append(byte | 0x20)
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): normalised.append(byte)
      default: if let last = normalised.last, last != UInt8(ascii: "_") { normalised.append(UInt8(ascii: "_")) }
      }
    }
    if normalised.last == UInt8(ascii: "_") { normalised.removeLast() }
    return String(decoding: normalised, as: UTF8.self)
  }
}
