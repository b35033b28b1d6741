"""The demo model: small, trained on synthetic faces alone, shipped with its contract and its training record."""

from ferspec.synthetic.demo.files import demo_contract_path, demo_model_path, demo_record

__all__ = ["demo_contract_path", "demo_model_path", "demo_record"]
