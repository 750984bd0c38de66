import Capture
import ModelCompiler
import ONNX
import TFLite
import EdgeAgent
import Imaging
import Inference
import LocalPage
import MQTTTransport
import ModelFormat
import ModelManifest
import ObjectDetection
import Pipelines
import ReleaseAuthoring
import SoundCapture
import SoundFiles
import Supervision
import Transcription

/// An error whose message is the one line that a person needs.
protocol OneLineError: Error {
  var line: String { get }
}

extension OneLineError where Self: CustomStringConvertible {
  var line: String { description }
}

extension CaptureError: OneLineError { var line: String { message } }
extension LocalPageError: OneLineError { var line: String { message } }
extension PipelinesError: OneLineError { var line: String { message } }
extension CompilerError: OneLineError {}
extension ONNXError: OneLineError { var line: String { message } }
extension TFLiteError: OneLineError { var line: String { message } }
extension EdgeAgentError: OneLineError { var line: String { message } }
extension ImagingError: OneLineError { var line: String { message } }
extension InferenceError: OneLineError { var line: String { message } }
extension MQTTTransportError: OneLineError { var line: String { message } }
extension ModelFormatError: OneLineError { var line: String { message } }
extension ModelPackageError: OneLineError {}
extension ObjectDetectionError: OneLineError { var line: String { message } }
extension ReleaseError: OneLineError { var line: String { message } }
extension SoundCaptureError: OneLineError { var line: String { message } }
extension SoundFileError: OneLineError { var line: String { message } }
extension SupervisionError: OneLineError { var line: String { message } }
extension TranscriptionError: OneLineError { var line: String { message } }
