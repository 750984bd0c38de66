"""Quantises the detector with ONNX Runtime's static quantiser and says what that costs: the yardstick for Swiftlet's own."""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

import dataset
import detector
import train
from detector_training import scoring


class Frames(CalibrationDataReader):
    def __init__(self, images):
        self.rest = iter(images)

    def get_next(self):
        image = next(self.rest, None)
        return None if image is None else {"image": dataset.as_input(image[None])}


def outputs(path, images):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Without this, 8-bit products saturate on x86 processors that lack VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"image": dataset.as_input(image[None])})[0] for image in images])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calibrate", metavar="FOLDER", required=True, help="a data set whose frames give the ranges")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--test", nargs="+", metavar="FOLDER", required=True)
    parser.add_argument("--model", type=Path, default=train.HERE / "surface-defects.onnx")
    arguments = parser.parse_args()
    images, truth = dataset.load_all(arguments.test)
    print(f"{arguments.model}, as it is")
    scoring.report(outputs(arguments.model, images), truth, detector.GRID, dataset.LABELS)
    calibration, _ = dataset.load(arguments.calibrate)
    with tempfile.TemporaryDirectory() as folder:
        quantised = Path(folder) / "quantised.onnx"
        quantize_static(
            arguments.model, quantised, Frames(calibration[: arguments.samples]), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
        )  # fmt: skip
        print("quantised, every operator")
        scoring.report(outputs(quantised, images), truth, detector.GRID, dataset.LABELS)


if __name__ == "__main__":
    main()
