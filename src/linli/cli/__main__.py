from linli.cli import main

main(prog_name="linli")
