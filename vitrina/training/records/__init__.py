"""Records of a run where people look at runs: TensorBoard, Weights & Biases and trackio."""

from vitrina.training.records.records import Records, check_records, open_records, replay

__all__ = ["Records", "check_records", "open_records", "replay"]
