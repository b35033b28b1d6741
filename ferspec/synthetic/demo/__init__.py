"""The demo model: a small network trained on synthetic faces, with its contract and training record."""

from ferspec.synthetic.demo.files import demo_contract_path, demo_model_path, demo_record

__all__ = ["demo_contract_path", "demo_model_path", "demo_record"]
