"""The demo model, a small network trained on synthetic faces, and its contract and record."""

from ferspec.synthetic.demo.files import demo_contract_path, demo_model_path, demo_record

__all__ = ["demo_contract_path", "demo_model_path", "demo_record"]
