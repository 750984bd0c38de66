public import Imaging
import YAMLReading

/// `cameras.NAME`: where frames come from.
public struct CameraSettings: Equatable, Sendable {
  public var name: String
  /// `source`: `v4l2:DEVICE`, `folder:PATH` or `simulated:conveyor`; required.
  public var source: CameraOrigin
  /// `size`: pixels. Default: what the camera prefers; 640x480 for the simulation. A folder's images have their own.
  public var width: Int?
  public var height: Int?
  /// `frame_rate`: frames a second, 0.01 to 1000. Default: what the camera prefers; 10 for a folder, 30 for the simulation.
  public var frameRate: Double?
  /// `frame_limit`: most frames a second taken from a V4L2 camera, whatever it delivers; 1 to 1000. Default: twice `frame_rate`, or 120.
  public var frameLimit: Double?
  /// `format`: the pixel format asked of a V4L2 camera. Default: the cheapest to process that it offers.
  public var format: PixelFormat?
  /// `controls`: a V4L2 camera's controls by name, set when it opens. Default: none are touched.
  public var controls: [CameraControl] = []
  /// `loop`: whether a folder begins again after its last image. Default: true.
  public var loops = true
  /// `seed`: which parts and defects the simulation makes. Default: 1.
  public var seed: UInt64 = 1

  public init(name: String, source: CameraOrigin) {
    self.name = name
    self.source = source
  }

  static func read(_ map: YAMLMapping, name: String, _ context: ConfigurationContext) -> CameraSettings? {
    let source = map.required("source").flatMap { CameraOrigin.read($0, context) }
    var settings = CameraSettings(name: name, source: source ?? .conveyor)
    if let size = map["size"]?.size(in: 16...8192) { (settings.width, settings.height) = (size.width, size.height) }
    settings.frameRate = map["frame_rate"]?.float(in: 0.01...1000)
    settings.frameLimit = map["frame_limit"]?.float(in: 1...1000)
    settings.format = map["format"]?.choice(from: PixelFormat.allCases.map { ($0.name, $0) })
    settings.controls = map["controls"].flatMap { $0.mapping { $0.all.compactMap(CameraControl.read) } } ?? []
    if let loops = map["loop"]?.bool() { settings.loops = loops }
    if let seed = map["seed"]?.int(in: 0 ... .max) { settings.seed = UInt64(seed) }
    guard let source else { return nil }
    refuseForeign(map, source)
    return settings
  }

  /// A setting that its source can't obey is a mistake, not a wish.
  private static func refuseForeign(_ map: YAMLMapping, _ source: CameraOrigin) {
    let foreign: [String]
    switch source {
    case .device: foreign = ["loop", "seed"]
    case .folder: foreign = ["size", "frame_limit", "format", "controls", "seed"]
    case .conveyor: foreign = ["frame_limit", "format", "controls", "loop"]
    }
    for key in foreign where map[key] != nil {
      map.report(key, "\"\(key)\" does not apply to a \(source.scheme): source; remove it")
    }
  }
}

/// A camera's `source`.
public enum CameraOrigin: Equatable, Sendable, CustomStringConvertible {
  /// `v4l2:DEVICE`, a video device of the kernel.
  case device(String)
  /// `folder:PATH`, images in the order of their names.
  case folder(String)
  /// `simulated:conveyor`, a procedural inspection line.
  case conveyor

  var scheme: String {
    switch self {
    case .device: "v4l2"
    case .folder: "folder"
    case .conveyor: "simulated"
    }
  }

  public var description: String {
    switch self {
    case .device(let path): "v4l2:\(path)"
    case .folder(let path): "folder:\(path)"
    case .conveyor: "simulated:conveyor"
    }
  }

  static func read(_ value: YAMLValue, _ context: ConfigurationContext) -> CameraOrigin? {
    guard let text = value.string() else { return nil }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[1].isEmpty else {
      value.report("\(value.path): expected \"v4l2:DEVICE\", \"folder:PATH\" or \"simulated:conveyor\", found \"\(text.prefix(80))\"")
      return nil
    }
    switch parts[0] {
    case "v4l2": return .device(parts[1])
    case "folder": return folder(context.resolve(parts[1]), value)
    case "simulated" where parts[1] == "conveyor": return .conveyor
    case "simulated": value.report("\(value.path): \"\(parts[1])\" is no simulation; did you mean \"simulated:conveyor\"?")
    case "alsa": value.report("\(value.path): microphones are not available in this version; a camera's source is v4l2:, folder: or simulated:conveyor")
    default:
      let nearest = nearestName(to: parts[0], among: ["v4l2", "folder", "simulated"])
      let hint = nearest.map { "did you mean \"\($0):\"?" } ?? "known: v4l2, folder, simulated"
      value.report("\(value.path): \"\(parts[0]):\" is no kind of source; \(hint)")
    }
    return nil
  }

  private static func folder(_ path: String, _ value: YAMLValue) -> CameraOrigin? {
    do { try checkFolder(path) } catch {
      value.report("\(value.path): \(error.message)")
      return nil
    }
    return .folder(path)
  }
}

/// One control of a V4L2 camera and the value it gets.
public struct CameraControl: Equatable, Sendable {
  /// The driver's name, or its words joined by `_`: `exposure_time_absolute`.
  public var name: String
  /// Switches are 0 or 1.
  public var value: Int

  public init(name: String, value: Int) {
    self.name = name
    self.value = value
  }

  static func read(key: String, value: YAMLValue) -> CameraControl? {
    if case .scalar(let scalar) = value.node.content, scalar.isPlain, scalar.text == "true" || scalar.text == "false" {
      return CameraControl(name: key, value: scalar.text == "true" ? 1 : 0)
    }
    return value.int(in: Int(Int32.min)...Int(Int32.max)).map { CameraControl(name: key, value: $0) }
  }
}
