import SoundCapture
import YAMLReading

/// `microphones.NAME`: where sound comes from.
public struct NamedMicrophone: Equatable, Sendable {
  public var name: String
  /// `source`: `alsa:DEVICE` or `folder:PATH`; required.
  public var source: MicrophoneOrigin
  /// `loop`: whether the first file of a folder follows its last; else the pipeline ends with it. Default: true.
  public var loops = true

  public init(name: String, source: MicrophoneOrigin) {
    (self.name, self.source) = (name, source)
  }

  static func read(_ map: YAMLMapping, name: String, _ context: ConfigurationContext) -> NamedMicrophone? {
    let source = map.required("source").flatMap { MicrophoneOrigin.read($0, context) }
    let loops = map["loop"]?.bool()
    guard let source else { return nil }
    if case .device = source, map["loop"] != nil { map.report("loop", "\"loop\" does not apply to an alsa: source; remove it") }
    var microphone = NamedMicrophone(name: name, source: source)
    microphone.loops = loops ?? true
    if context.opensModels {
      do throws(EdgeAgentError) { try microphone.check() } catch { map.report("source", error.message) }
    }
    return microphone
  }

  /// - Throws: where this machine can't have such a microphone at all; whether the device is there doesn't matter.
  func check() throws(EdgeAgentError) {
    guard case .device = source else { return }
    do throws(SoundCaptureError) { try Microphone.checkSystem() } catch { throw EdgeAgentError(.microphone, "microphone \(name): \(error.message)") }
  }

  /// Begins to listen.
  func open(sampleRate: Int, onTurn: @escaping CaptureTurn) throws(EdgeAgentError) -> any SoundSource {
    let settings = MicrophoneSettings(sampleRate: sampleRate)
    do throws(SoundCaptureError) {
      switch source {
      case .device(let device): return try Microphone(device: device, settings: settings, onTurn: onTurn)
      case .folder(let path): return try Microphone(replaying: path, loops: loops, settings: settings, onTurn: onTurn)
      }
    } catch { throw EdgeAgentError(.microphone, "microphone \(name): \(error.message)") }
  }
}

/// A microphone's `source`.
public enum MicrophoneOrigin: Equatable, Sendable, CustomStringConvertible {
  /// `alsa:DEVICE`, a capture device as ALSA names it: `default`, `plughw:CARD=…,DEV=…`, `hw:…`.
  case device(String)
  /// `folder:PATH`, WAV files in the order of their names, at the pace of the clock.
  case folder(String)

  public var description: String {
    switch self {
    case .device(let name): "alsa:\(name)"
    case .folder(let path): "folder:\(path)"
    }
  }

  static func read(_ value: YAMLValue, _ context: ConfigurationContext) -> MicrophoneOrigin? {
    guard let text = value.string() else { return nil }
    // A device's name has colons of its own.
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[1].isEmpty else {
      value.report("\(value.path): expected \"alsa:DEVICE\" or \"folder:PATH\", found \"\(text.prefix(80))\"")
      return nil
    }
    switch parts[0] {
    case "alsa": return .device(parts[1])
    case "folder":
      let path = context.resolve(parts[1])
      do throws(SoundCaptureError) { try Microphone.checkReplay(of: path) } catch {
        value.report("\(value.path): \(error.message)")
        return nil
      }
      return .folder(path)
    case "v4l2", "simulated": value.report("\(value.path): \"\(parts[0]):\" is a camera's source; a microphone's is alsa: or folder:")
    default:
      let hint = nearestName(to: parts[0], among: ["alsa", "folder"]).map { "did you mean \"\($0):\"?" } ?? "known: alsa, folder"
      value.report("\(value.path): \"\(parts[0]):\" is no kind of source; \(hint)")
    }
    return nil
  }
}
