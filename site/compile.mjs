// Compiles the Python files of packages with the site's own Python, so that no visitor's browser has to. Only the first
// package keeps its sources beside: those that a learner may want to read.
//   node compile.mjs PYODIDE_FOLDER PACKAGE_FOLDER…
import { pathToFileURL } from "node:url";
const [pyodideFolder, ...packages] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: pyodideFolder });
packages.forEach((folder, place) => pyodide.mountNodeFS(`/packages/${place}`, folder));
await pyodide.runPythonAsync(`
import compileall, pathlib, py_compile
for package in pathlib.Path("/packages").iterdir():
    alone = package.name != "0"
    compileall.compile_dir(
        package, quiet=2, legacy=alone, stripdir=str(package), prependdir="/lib/python3.14/site-packages",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    for source in package.rglob("*.py") if alone else ():
        if source.with_suffix(".pyc").exists():
            source.unlink()
`);
