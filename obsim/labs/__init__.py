"""Labs: exercises that a learner does with any MySQL client against a server of their own, and their checks.

`lab` has what a lab file may say, `loading` finds and reads it strictly, `checking` asks a server whether a step is
done, `places` remembers where a running lab listens, `running` starts one, `words` has what the commands say in each
language, `commands` is `obsim lab`.
"""
