"""Beneficiaries (帮扶对象), their households and guardians (监护人), and cadres (帮扶干部).

Who may be served follows 鲁残联办发〔2024〕2号: a valid certificate, grade 1 or 2, and 低保 or 特困.
"""
