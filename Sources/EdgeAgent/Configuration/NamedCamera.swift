public import Capture
import Imaging
import YAMLReading

/// `cameras.NAME`: where frames come from.
///
/// What the settings mean and their defaults are `Capture.CameraSettings`'s: `size`, `frame_rate`, `frame_limit` (most frames a
/// second taken from a device, whatever it delivers), `format`, `black_level` and `white_balance` (of a sensor without an image processor:
/// what it gives in the dark, and the gains of red, green and blue), `controls` (by name, numbers or true and false), `loop` (folders),
/// `seed` and `defect_rate` (the simulation). A setting that means nothing to its source is a mistake, not a wish.
public struct NamedCamera: Equatable, Sendable {
  public var name: String
  /// `source`: `v4l2:DEVICE`, `folder:PATH` or `simulated:conveyor`; required.
  public var source: CameraOrigin
  public var settings: CameraSettings

  public init(name: String, source: CameraOrigin, settings: CameraSettings = CameraSettings()) {
    self.name = name
    self.source = source
    self.settings = settings
  }

  static func read(_ map: YAMLMapping, name: String, _ context: ConfigurationContext) -> NamedCamera? {
    let source = map.required("source").flatMap { CameraOrigin.read($0, context) }
    var settings = CameraSettings()
    settings.size = map["size"]?.size(in: 16...8192)
    settings.frameRate = map["frame_rate"]?.float(in: 0.01...1000)
    settings.frameLimit = map["frame_limit"]?.float(in: 1...1000)
    settings.format = map["format"]?.choice(from: PixelFormat.allCases.map { ($0.name, $0) })
    settings.balance = readBalance(map)
    settings.controls = map["controls"].flatMap { $0.mapping { $0.all.compactMap(readControl) } } ?? []
    settings.loop = map["loop"]?.bool()
    settings.seed = map["seed"]?.int(in: 0 ... .max).map { UInt64($0) }
    settings.defectRate = map["defect_rate"]?.float(in: 0...1)
    guard let source else { return nil }
    refuseForeign(map, source)
    return NamedCamera(name: name, source: source, settings: settings)
  }

  private static func refuseForeign(_ map: YAMLMapping, _ source: CameraOrigin) {
    let foreign: [String]
    switch source {
    case .device: foreign = ["loop", "seed", "defect_rate"]
    case .folder: foreign = ["size", "frame_limit", "format", "black_level", "white_balance", "controls", "seed", "defect_rate"]
    case .conveyor: foreign = ["frame_limit", "format", "black_level", "white_balance", "controls", "loop"]
    }
    for key in foreign where map[key] != nil {
      map.report(key, "\"\(key)\" does not apply to a \(source.scheme): source; remove it")
    }
  }

  private static func readBalance(_ map: YAMLMapping) -> SensorBalance? {
    let blackLevel = map["black_level"]?.int(in: 0...65_535)
    let gains = map["white_balance"].flatMap { value in
      let numbers = value.list { $0.float(in: 0.25...16) } ?? []
      if case .sequence(let items) = value.node.content, items.count != 3 {
        value.report("\(value.path): expected the gains of red, green and blue, as in [1.9, 1, 1.6]")
      }
      return numbers.count == 3 ? numbers : nil
    }
    guard map["black_level"] != nil || map["white_balance"] != nil else { return nil }
    let (red, green, blue) = gains.map { ($0[0], $0[1], $0[2]) } ?? (1, 1, 1)
    return SensorBalance(blackLevel: blackLevel ?? 0, red: red, green: green, blue: blue)
  }

  private static func readControl(key: String, value: YAMLValue) -> (name: String, value: Int)? {
    if case .scalar(let scalar) = value.node.content, scalar.isPlain, scalar.text == "true" || scalar.text == "false" {
      return (key, scalar.text == "true" ? 1 : 0)
    }
    return value.int(in: Int(Int32.min)...Int(Int32.max)).map { (key, $0) }
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
    if text.hasPrefix("/dev/") {
      value.report("\(value.path): write \"v4l2:\(text.prefix(80))\": the kind of source comes first")
      return nil
    }
    guard parts.count == 2, !parts[1].isEmpty else {
      value.report("\(value.path): expected \"v4l2:DEVICE\", \"folder:PATH\" or \"simulated:conveyor\", found \"\(text.prefix(80))\"")
      return nil
    }
    switch parts[0] {
    case "v4l2": return .device(parts[1])
    case "folder": return folder(context.resolve(parts[1]), value)
    case "simulated" where parts[1] == "conveyor": return .conveyor
    case "simulated": value.report("\(value.path): \"\(parts[1])\" is no simulation; did you mean \"simulated:conveyor\"?")
    case "alsa":
      value.report("\(value.path): \"alsa:\" is a microphone's source: write it under \"microphones\"; a camera's is v4l2:, folder: or simulated:conveyor")
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
