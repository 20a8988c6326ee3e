"""Expected results, computed without any code of ordermade: import-linter forbids the imports."""
