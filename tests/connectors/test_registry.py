import inspect
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from indexmaker.connectors import hookspecs
from indexmaker.connectors.errors import RegistryError
from indexmaker.connectors.extras import missing_requirements
from indexmaker.connectors.manifest import Manifest, Role
from indexmaker.connectors.registry import discover, load_manifest, load_target

GOOD = """
from indexmaker.connectors.hookspecs import hookimpl
from indexmaker.connectors.manifest import Manifest, Role
@hookimpl
def connector_manifest():
    return Manifest(name={name!r}, summary="A plugin.", roles=(Role.CHAIN,), target="nowhere.at_all:Thing")
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(module, text):
        (tmp_path / f"{module}.py").write_text(text)
        monkeypatch.delitem(sys.modules, module, raising=False)
        return module

    return write


def point(name, module):
    return EntryPoint(name=name, value=module, group=hookspecs.ENTRY_POINT_GROUP)


def test_a_plugin_that_cannot_be_imported_is_named_and_harms_no_other(modules):
    points = [
        point("alpha", modules("im_alpha", "import there_is_no_such_module")),
        point("beta", modules("im_beta", GOOD.format(name="beta"))),
        point("gamma", modules("im_gamma", "raise RuntimeError('broken on purpose')")),
    ]
    registry = discover(points)
    assert registry.manifest("beta").roles == (Role.CHAIN,)
    assert "im_alpha" in registry.find("alpha").error
    assert "there_is_no_such_module" in registry.find("alpha").error
    with pytest.raises(RegistryError, match="gamma cannot be used: RuntimeError while loading im_gamma"):
        registry.manifest("gamma")


def test_two_plugins_of_one_name_are_both_refused(modules):
    first, second = modules("im_one", GOOD.format(name="same")), modules("im_two", GOOD.format(name="same"))
    registry = discover([point("same", first), point("same", second)])
    assert [found.manifest for found in registry] == [None, None]
    with pytest.raises(RegistryError, match="two plugins have this name"):
        registry.manifest("same")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not implement the hook"),
        (GOOD.format(name="other"), "make them equal"),
        (GOOD.format(name="x").replace("connector_manifest()", "connector_manifest(extra)"), "PluginValidationError"),
        (GOOD.format(name="Not A Name"), "lower-case words"),
    ],
)
def test_a_manifest_module_that_breaks_the_rules_says_which(modules, text, words):
    assert words in discover([point("x", modules("im_x", text))]).find("x").error


def test_an_unknown_plugin_is_answered_with_those_that_exist(modules):
    registry = discover([point("beta", modules("im_beta", GOOD.format(name="beta")))])
    with pytest.raises(RegistryError, match=r"no plugin is called 'beat' \(found: beta\)"):
        registry.manifest("beat")


def test_discovering_all_installed_plugins_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from indexmaker.connectors.registry import discover\n"
        "assert len(discover()) >= 1\n"
        "heavy = {'grpc', 'google', 'web3', 'eth_account', 'binance', 'aiohttp', 'websockets', 'sqlalchemy',"
        " 'numpy', 'picows', 'asyncio'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", done.stdout


def test_a_connector_may_be_started_by_its_target_when_it_carries_its_manifest():
    manifest, _ = load_manifest("connectors.toy:Toy")
    assert manifest.name == "toy"
    with pytest.raises(RegistryError, match="give the class an attribute `manifest`"):
        load_manifest("connectors.toy:Routes")
    with pytest.raises(RegistryError, match="cannot load connectors"):
        load_target("connectors.toy:Nothing")


def test_missing_dependencies_of_an_extra_are_named():
    assert missing_requirements("indexmaker", "") == ()
    assert missing_requirements("indexmaker", "evm") == missing_requirements("indexmaker", "across")


@pytest.mark.parametrize("name", ["", "Evm", "evm_archive", "-evm", "evm-"])
def test_plugin_names_are_lower_case_words_joined_by_dashes(name):
    with pytest.raises(ValueError, match="lower-case words"):
        Manifest(name=name, summary="", roles=(Role.CHAIN,), target="a:B")


def test_every_hook_tells_its_arguments_its_result_and_who_calls_it():
    hooks = [
        function
        for name, function in vars(hookspecs).items()
        if inspect.isfunction(function) and hasattr(function, "indexmaker_spec")
    ]
    assert hooks
    for hook in hooks:
        text = inspect.getdoc(hook) or ""
        assert hook.__name__ in hookspecs.__all__
        assert "Returns:" in text
        assert "Called by" in text
        for argument in inspect.signature(hook).parameters:
            assert f"{argument}:" in text
        if not inspect.signature(hook).parameters:
            assert "Arguments: none." in text
